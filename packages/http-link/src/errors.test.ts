import { GraphLinksError } from '@graphlinks/core'
import { HttpError, httpLink, MalformedResponseError, NetworkError, ResponseError } from './index.ts'

test('K-8 is() of a class matches the classes that extend it, and no others', () => {
  const error = new HttpError('no', { status: 502, mediaType: 'text/html', retryAfter: null, wwwAuthenticate: null })
  expect([HttpError, ResponseError, GraphLinksError].map((type) => type.is(error))).toEqual([true, true, true])
  expect([MalformedResponseError, NetworkError].map((type) => type.is(error))).toEqual([false, false])
  expect(ResponseError.is(new NetworkError('no'))).toBe(false)
})

test('what is not known of a response is null, and the same for every ResponseError', () => {
  expect(new MalformedResponseError('no')).toMatchObject({ retryAfter: null, wwwAuthenticate: null })
  expect(new MalformedResponseError('no', { retryAfter: '1' })).toMatchObject({ retryAfter: '1' })
})

test.each([
  ['url', { url: 'ftp://a.test' }],
  ['url', { url: 'https://ada:pass@a.test' }],
  ['origins', { url: () => 'https://a.test' }],
  ['timeoutMs', { url: 'https://a.test', timeoutMs: 0 }],
  ['maxResponseBytes', { url: 'https://a.test', maxResponseBytes: NaN }],
  ['redirects', { url: 'https://a.test', redirects: 'follow' }],
  ['fetch', { url: 'https://a.test', fetch: 5 }],
  ['fetchOptions.method', { url: 'https://a.test', fetchOptions: { method: 'GET' } }],
])('K-10 production refuses a bad %s as well', (option, options) => {
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    expect(() => httpLink(options as never)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTIONS', message: `httpLink: ${option}` }) as Error,
    )
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
})
