import { findExpressions, pumpsOf, timeOf, type FoundExpression } from './regularExpressions.ts'

/** Those that read nothing but what the application itself wrote, and a text that is short. */
const exempt: Readonly<Record<string, string>> = {
  '\\/+$': 'the path of the endpoint of AppSync, an option',
  '=+$': 'the end of Base64, which has two of them',
}
const limitMs = 50

describe('threats 14 regular expressions', () => {
  const expressions = findExpressions().filter(({ source }) => !Object.hasOwn(exempt, source))
  /** The texts of this length for which one takes longer than it may. */
  const slowOnes = (length: number, pumps: (expression: FoundExpression) => readonly string[]): string[] =>
    expressions.flatMap((expression) =>
      pumps(expression).flatMap((pump) => {
        const text = pump.repeat(Math.ceil(length / pump.length))
        const ms = timeOf(expression, `${text}\0`, limitMs)
        return ms > limitMs ? [`${expression.file}: /${expression.source}/ on ${JSON.stringify(pump)}: ${ms} ms`] : []
      }),
    )

  test('threats 14 all are literals, which these tests can see', () => {
    expect(expressions.length).toBeGreaterThan(60)
    expect(expressions.filter(({ source }) => source === '')).toEqual([])
  })

  test('threats 14 the test finds what is slow', () => {
    for (const [source, pump, length] of [
      ['^(a+)+$', 'a', 25],
      [String.raw`"(?:\\.|[^"\\])*"`, '\\"', 20_000],
      ['\\/+$', '/', 20_000],
    ] as const) {
      // Once: what is compiled by the second time is faster.
      const ms = timeOf({ file: '', source, flags: 'g' }, `${pump.repeat(length)}\0`, Infinity)
      expect([source, pumpsOf(source).includes(pump), ms > limitMs]).toEqual([source, true, true])
    }
  })

  // What is quadratic takes seconds for so many characters already.
  test('threats 14 none begins again at each character, whatever is repeated', () => {
    expect(slowOnes(20_000, ({ source }) => pumpsOf(source))).toEqual([])
  })

  test('threats 14 a megabyte is read in less than 50 ms', () => {
    const pump = ({ source }: FoundExpression): string =>
      pumpsOf(source).reduce((a, b) => (b.length > a.length ? b : a), 'a')
    expect(slowOnes(1_000_000, (expression) => ['a', ' ', pump(expression)])).toEqual([])
  })
})
