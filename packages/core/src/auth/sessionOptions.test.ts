import { OptionsError } from '../errors.ts'
import { createTokenSource } from './createTokenSource.ts'
import type { Tokens } from './tokens.ts'

const tokens: Tokens = { accessToken: 'access', refreshToken: 'refresh', expiresInSeconds: 3_600 }
const refresh = async (): Promise<Tokens> => tokens

test.each([
  [{}, 'one of refresh, fetchToken'],
  [{ refresh, fetchToken: refresh }, 'one of refresh, fetchToken'],
  [{ refresh, readonly: true }, 'one of refresh, fetchToken'],
  [{ refresh: 'https://api.example.com/refresh' }, 'functions'],
  [{ fetchToken: tokens }, 'functions'],
  [{ refresh, skewMs: -1 }, 'skewMs'],
  [{ refresh, skewMs: NaN }, 'skewMs'],
  [{ refresh, timeoutMs: 0 }, 'timeoutMs'],
  [{ refresh, timeoutMs: Infinity }, 'timeoutMs'],
  [{ refresh, timeoutMs: 2 ** 31 }, 'timeoutMs'],
  [{ refresh, maxQueued: 0 }, 'maxQueued'],
  [{ refresh, mode: 'always' }, 'mode'],
  [{ refresh, store: new Map() }, 'store'],
  [{ refresh, initial: { token: 'abc' } }, 'accessToken'],
])('options that can never work: %p', (options, named) => {
  expect(() => createTokenSource(options as never)).toThrow(OptionsError)
  expect(() => createTokenSource(options as never)).toThrow(named)
})
