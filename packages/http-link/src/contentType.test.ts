import fc from 'fast-check'
import { parameterOf } from './contentType.ts'

describe('parameterOf', () => {
  test.each<[contentType: string, boundary: string | undefined]>([
    ['multipart/mixed; boundary=graphql', 'graphql'],
    ['multipart/mixed;boundary=graphql', 'graphql'],
    ['multipart/mixed; boundary="-"; deferSpec=20220824', '-'],
    ['multipart/mixed; deferSpec=20220824; boundary=-', '-'],
    ['Multipart/Mixed ; charset=utf-8 ;\tBOUNDARY = "a b"', 'a b'],
    ['multipart/mixed;boundary="a;b=c,d";subscriptionSpec=1.0', 'a;b=c,d'],
    ['multipart/mixed;boundary="say \\"a\\\\b\\""', 'say "a\\b"'],
    ['multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json', 'graphql'],
    ['multipart/mixed;boundary=graphql,application/json;boundary=other', 'graphql'],
    ["multipart/mixed;boundary=a'()+_-./:=?b ", "a'()+_-./:=?b"],
    ['multipart/mixed; x-boundary=no; boundary=yes', 'yes'],
    ['multipart/mixed; boundary-x=no; boundary=yes', 'yes'],
    ['multipart/mixed; note="; boundary=no"; boundary=yes', 'yes'],
    ['multipart/mixed; note="\\"; boundary=no"; boundary=yes', 'yes'],
    ['multipart/mixed; flag; boundary=yes', 'yes'],
    ['multipart/mixed; boundary=first; boundary=second', 'first'],
    ['multipart/mixed; x-boundary=no', undefined],
    ['multipart/mixed; boundary', undefined],
    ['multipart/mixed', undefined],
    ['boundary=no', undefined],
    ['', undefined],
  ])('M1 the boundary in %s is %s', (contentType, boundary) => {
    expect(parameterOf(contentType, 'boundary')).toBe(boundary)
  })

  test('M1 the name asked for is of any case too', () => {
    expect(parameterOf('multipart/mixed;subscriptionspec=1.0', 'subscriptionSpec')).toBe('1.0')
    expect(parameterOf('multipart/mixed;subscriptionSpec=""', 'subscriptionspec')).toBe('')
  })

  test('M1 any value survives being quoted, beside any other', () => {
    const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
    fc.assert(
      fc.property(value, value, (one, other) => {
        const contentType = `multipart/mixed; note=${quoted(one)}; boundary=${quoted(other)}; note=x`
        expect(parameterOf(contentType, 'note')).toBe(one)
        expect(parameterOf(contentType, 'boundary')).toBe(other)
      }),
    )
  })
})

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}
