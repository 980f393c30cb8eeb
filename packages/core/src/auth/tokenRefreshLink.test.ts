import { FakeClock, linkContract, memoryLink, settle } from '@graphlinks/testing'
import { chain } from '../link.ts'
import { createClient } from '../client.ts'
import { createTokenSource } from './tokenSource.ts'
import { tokenRefreshLink } from './tokenRefreshLink.ts'

linkContract(() =>
  tokenRefreshLink({ fetchToken: async () => ({ accessToken: 'secret-token', expiresInSeconds: 3_600 }) }),
)

test('smoke', async () => {
  const clock = new FakeClock()
  let count = 0
  const session = createTokenSource({
    clock,
    initial: { accessToken: 'a0', refreshToken: 'r0', expiresInSeconds: 100 },
    refresh: async () => ({ accessToken: `a${++count}`, refreshToken: `r${count}`, expiresInSeconds: 100 }),
  })
  const memory = memoryLink(({ kind }) => ({ data: { kind } }))
  const client = createClient({ link: chain(tokenRefreshLink(session), memory) })
  await client.query('{ a }')
  expect(session.current).toMatchObject({ status: 'fresh', generation: 1 })
  await clock.advance(101_000)
  await Promise.all(Array.from({ length: 1000 }, () => client.query('{ a }')))
  expect(count).toBe(1)
  expect(new Set(memory.sent.slice(1).map(({ headers }) => headers['authorization']))).toEqual(new Set(['Bearer a1']))
  await settle()
  expect(clock.pending).toBe(0)
})
