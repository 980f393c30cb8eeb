import { readFailure, type RefreshFailure } from './refreshFailure.ts'

const because = (...chain: object[]): unknown =>
  chain.reduceRight<unknown>(
    (cause, facts) => Object.assign(new Error('failed'), facts, cause ? { cause } : {}),
    undefined,
  )

const read = (error: unknown): RefreshFailure => readFailure(error, 0)

test('TR-23 only invalid_grant and REFRESH_REJECTED end a session, wherever in the causes they are', () => {
  for (const error of [
    because({ error: 'invalid_grant' }),
    because({ code: 'invalid_grant', status: 400 }),
    because({}, {}, {}, {}, { error: 'invalid_grant' }),
  ]) {
    expect(read(error)).toMatchObject({ kind: 'rejected', oauthError: 'invalid_grant' })
  }
  expect(read(because({}, { code: 'REFRESH_REJECTED' }))).toMatchObject({ kind: 'rejected', oauthError: undefined })
  for (const error of [
    because({ error: 'invalid_token' }),
    because({ status: 400 }),
    because({ status: 401 }),
    because({ error: 'not_invalid_grant' }),
    because({}, {}, {}, {}, {}, { error: 'invalid_grant' }),
    'invalid_grant',
    undefined,
    null,
  ]) {
    expect(read(error)).toMatchObject({ kind: 'transient', oauthError: undefined })
  }
})

test('TR-23 what is wrong with the client or the request is a mistake in the configuration, by its name', () => {
  for (const error of [
    'invalid_request',
    'invalid_client',
    'invalid_scope',
    'unauthorized_client',
    'unsupported_grant_type',
  ]) {
    expect(read(because({ error, status: 400 }))).toMatchObject({ kind: 'misconfigured', oauthError: error })
    for (const other of [`x_${error}`, `${error}_x`]) {
      expect(read(because({ error: other }))).toMatchObject({ kind: 'transient', oauthError: undefined })
    }
  }
})

test('TR-23 a server that is busy says nothing about the grant, whatever its body repeats', () => {
  for (const status of [408, 429, 500, 503]) {
    expect(read(because({ status, error: 'invalid_grant' }))).toMatchObject({
      kind: 'transient',
      oauthError: undefined,
    })
  }
  // A status that is no number is none.
  expect(read(because({ status: '503', error: 'invalid_grant' })).kind).toBe('rejected')
})

test('an answer may be lost where the connection failed later than at its start, and was not where there is one', () => {
  for (const error of [
    because({ code: 'NETWORK' }),
    because({}, { code: 'ECONNRESET' }),
    because({ code: 'UND_ERR_SOCKET' }),
    because({ code: 'UND_ERR_BODY_TIMEOUT' }),
    new TypeError('fetch failed'),
  ]) {
    expect(read(error).isLost).toBe(true)
  }
  for (const error of [
    because({ code: 'NETWORK' }, { code: 'ECONNREFUSED' }),
    because({ code: 'NETWORK' }, { code: 'ENOTFOUND' }),
    because({ code: 'NETWORK', status: 400 }),
    because({ code: 'NETWORKING' }),
    because({ code: 'THE_NETWORK' }),
    because({ code: 'UND_ERR_SOCKET closed' }),
    because({ code: 'EOF' }),
    because({}, { cause: new TypeError('in the code of the application') }),
    because({}),
  ]) {
    expect(read(error).isLost).toBe(false)
  }
})

test('TR-24 when to come again is read off the error, its headers or its response, the outermost first', () => {
  const headers = new Headers({ 'retry-after': '7' })
  for (const error of [
    because({ retryAfter: '7' }),
    because({ headers }),
    because({ response: { headers } }),
    because({}, { response: { headers } }),
    because({ retryAfter: '7' }, { retryAfter: '9' }),
  ]) {
    expect(read(error).retryAfterMs).toBe(7_000)
  }
  for (const error of [
    because({}),
    because({ headers: {} }),
    because({ response: {} }),
    because({ retryAfter: 'soon' }),
  ]) {
    expect(read(error).retryAfterMs).toBeUndefined()
  }
})
