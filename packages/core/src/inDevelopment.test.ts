import { memoryLink } from '@graphlinks/testing'
import {
  bearerLink,
  chain,
  createClient,
  createTokenSource,
  inDevelopment,
  OptionsError,
  withCredential,
  type Link,
} from './index.ts'

function inProduction<Value>(run: () => Value): Value {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    return run()
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
}

test('gives the words in development, also where there is no process, and nothing in production', () => {
  expect(inDevelopment(() => 'words')).toBe('words')
  expect(inProduction(() => inDevelopment(() => 'words'))).toBeUndefined()
  const { process } = globalThis
  try {
    Reflect.deleteProperty(globalThis, 'process')
    expect(inDevelopment(() => 'words')).toBe('words')
  } finally {
    globalThis.process = process
  }
})

const mistakes: [string, () => unknown, string, string][] = [
  ['timeoutMs', () => bearerLink('t', { timeoutMs: -1 }), 'BAD_OPTIONS', 'bearerLink: timeoutMs'],
  ['onMissing', () => bearerLink('t', { onMissing: 'x' as 'omit' }), 'BAD_OPTIONS', 'bearerLink: onMissing'],
  ['scheme', () => bearerLink('t', { scheme: 'a b' }), 'BAD_OPTIONS', 'bearerLink: scheme'],
  ['origins', () => bearerLink('t', { origins: ['https://a.test/b'] }), 'BAD_OPTIONS', 'bearerLink: origins'],
  ['a header', () => bearerLink('t', { header: 'host' }), 'BAD_HEADER', 'bearerLink: "host" cannot be set'],
  ['a token', () => bearerLink('s3cret token'), 'CREDENTIAL', 'bearerLink: the token is malformed'],
  ['a value', () => bearerLink('s3cret\n'), 'BAD_HEADER', 'bearerLink: the value of "authorization" cannot be sent'],
  ['mode', () => createTokenSource({ readonly: true, mode: 'x' as 'lazy' }), 'BAD_OPTIONS', 'createTokenSource: mode'],
  ['no link', () => createClient({} as never), 'BAD_OPTIONS', 'createClient: link'],
  [
    'a link at the end',
    () => createClient({ link: bearerLink('t') as never }),
    'BAD_WIRING',
    'createClient: no terminal link',
  ],
  ['a link that is none', () => chain(5 as never, memoryLink()), 'BAD_WIRING', 'chain: argument 1'],
  ['a link in the wrong place', () => chain(memoryLink() as never, memoryLink()), 'BAD_WIRING', 'chain: memoryLink'],
]

test.each(mistakes)('K-10 production refuses %s as well, and says where', (_, make, code, message) => {
  expect(() => inProduction(make)).toThrow(expect.objectContaining({ code, message }) as Error)
  // In development the sentence says more, and as little of the value.
  expect(make).toThrow(
    expect.objectContaining({ code, message: expect.not.stringContaining('s3cret') as string }) as Error,
  )
})

test('what an operation is refused for in production names the operation, and no value', async () => {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    const careless: Link = (operation, next) => next(withCredential(operation, { name: 'x-key', value: 's3cret\r' }))
    const client = createClient({ link: chain(careless, memoryLink()) })
    await expect(client.query('query Q { a }')).rejects.toMatchObject({
      code: 'BAD_HEADER',
      message: 'operation Q: the value of "x-key" cannot be sent',
    })
    await expect(client.query('query Q { a }', { headers: {} })).rejects.toBeInstanceOf(OptionsError)
    await expect(client.mutate('query Q { a }')).rejects.toMatchObject({ code: 'BAD_DOCUMENT' })
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
})
