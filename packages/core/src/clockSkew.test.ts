import { FakeClock } from '@graphlinks/testing'
import { ClockSkew } from './index.ts'

const refusal = (date?: number) => ({
  status: 401,
  headers: new Headers(date === undefined ? {} : { date: new Date(date).toUTCString() }),
})

function setUp(maxSkewMs = 300_000) {
  const clock = new FakeClock()
  return { clock, skew: new ClockSkew({ clock, maxSkewMs }) }
}

test.each([300_000, -300_000, 86_400_000, -86_400_000])(
  'SG-3 DP-5 a difference of %i ms explains a refusal, once, and later requests get the right time',
  (aheadMs) => {
    const { clock, skew } = setUp()
    const [first, second] = [{}, {}]
    expect(skew.date(first)).toBe(clock.date())
    expect(skew.explains(refusal(clock.date() + aheadMs), first)).toBe(true)
    expect(skew.date(second)).toBe(clock.date() + aheadMs)
    expect(skew.explains(refusal(clock.date() + aheadMs), second)).toBe(false)
  },
)

test('SG-3 a smaller difference, a date that is missing or none, and a request without a time explain nothing', () => {
  const { clock, skew } = setUp()
  const request = {}
  skew.date(request)
  const bad = { status: 401, headers: new Headers({ date: 'yesterday' }) }
  for (const response of [refusal(clock.date() + 299_000), refusal(clock.date() - 299_000), refusal(), bad]) {
    expect(skew.explains(response, request)).toBe(false)
  }
  expect(skew.explains(refusal(clock.date() + 3_600_000), {})).toBe(false)
  expect(skew.date({})).toBe(clock.date())
})

test('SG-3 requests that were on their way when the first was refused are explained as well', () => {
  const { clock, skew } = setUp()
  const requests = [{}, {}, {}]
  for (const request of requests) skew.date(request)
  const date = clock.date() + 3_600_000
  expect(requests.map((request) => skew.explains(refusal(date), request))).toEqual([true, true, true])
})

test('SG-3 a clock that is set right later is noticed; Infinity never', () => {
  const { clock, skew } = setUp()
  const [first, second] = [{}, {}]
  skew.date(first)
  const server = clock.date() + 3_600_000
  expect(skew.explains(refusal(server), first)).toBe(true)
  clock.setDate(3_600_000)
  skew.date(second)
  expect(skew.explains(refusal(server), second)).toBe(true)
  expect(skew.date({})).toBe(server)

  const never = new ClockSkew({ clock, maxSkewMs: Infinity })
  never.date(first)
  expect(never.explains(refusal(0), first)).toBe(false)
})
