import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FakeClock, memoryLink, secretCanary } from '@graphlinks/testing'
import { bearerLink, chain, createOperation, CredentialError, lastResult, OptionsError } from './index.ts'
import { fileToken } from './node.ts'

describe('BL-3 fileToken', () => {
  let folder = ''
  let file = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'graphlinks-'))
    file = join(folder, 'token')
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  test('BL-3 it reads the file again when what it has is older than maxAgeMs, by default 60 seconds', async () => {
    for (const [options, maxAgeMs] of [
      [{}, 60_000],
      [{ maxAgeMs: 500 }, 500],
      [{ maxAgeMs: 0 }, 0],
    ] as const) {
      const clock = new FakeClock()
      await clock.advance(5_000)
      await writeFile(file, 'first\n')
      const token = fileToken(file, { ...options, clock })
      expect(await token()).toBe('first')
      await writeFile(file, ' second \n')
      await clock.advance(maxAgeMs)
      expect(await token()).toBe('first')
      await clock.advance(1)
      expect(await token()).toBe('second')
    }
  })

  test('BL-3 calls at the same time share one read', async () => {
    await writeFile(file, 'first')
    const token = fileToken(pathToFileURL(file), { clock: new FakeClock() })
    const [a, b] = [token(), token()]
    expect(a).toBe(b)
    expect(await a).toBe('first')
    expect(token()).toBe(a)
  })

  test('BL-3 a read that fails is an error for those who wait, and is not remembered', async () => {
    const token = fileToken(file, { clock: new FakeClock() })
    const link = chain(bearerLink(token), memoryLink())
    const operation = createOperation({ document: '{ a }' })
    const error = await lastResult(link, operation).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(CredentialError)
    expect(error).toMatchObject({ link: 'bearerLink', cause: { code: 'ENOENT' } })
    await writeFile(file, 'there\n')
    expect(await token()).toBe('there')
    expect(await lastResult(link, operation)).toEqual({ data: {} })
  })

  test('BL-3 an empty file is a missing token, and a file with two lines is refused without being shown', async () => {
    const canary = secretCanary()
    const clock = new FakeClock()
    const memory = memoryLink()
    const link = chain(bearerLink(fileToken(file, { clock, maxAgeMs: 0 })), memory)
    const operation = createOperation({ document: '{ a }' })
    await writeFile(file, '\n')
    await lastResult(link, operation)
    expect(memory.sent[0]?.headers).toEqual({})
    await writeFile(file, `${canary.value}\n${canary.value}\n`)
    await clock.advance(1)
    const error = await lastResult(link, operation).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ link: 'bearerLink', code: 'BAD_HEADER' })
    canary.check(error)
  })

  test('K-10 a maxAgeMs that is no number of milliseconds is refused', () => {
    for (const maxAgeMs of [-1, Number.NaN, 'x' as never]) {
      expect(() => fileToken(file, { maxAgeMs })).toThrow(OptionsError)
      expect(() => fileToken(file, { maxAgeMs })).toThrow(String(maxAgeMs))
      expect(() => fileToken(file, { maxAgeMs })).toThrow(/^fileToken: /)
    }
  })
})
