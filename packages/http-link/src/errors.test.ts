import { GraphLinksError } from '@graphlinks/core'
import { HttpError, MalformedResponseError, NetworkError, ResponseError } from './index.ts'

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
