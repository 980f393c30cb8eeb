import fc from 'fast-check'
import type { LogLevel, LogRecord } from './index.ts'
import { prettyLine } from './prettyLine.ts'

const base = { at: 0, id: 1, kind: 'query', operationName: 'Viewer' } as const
const end = { durationMs: 34.4, firstResultMs: 30, results: 1, errors: 0 } as const
test.each<[string, LogLevel, object]>([
  ['start subscription S', 'info', { ...base, event: 'start', kind: 'subscription', operationName: 'S' }],
  [
    'completed query Viewer 34 ms 200 3 attempts retry 2 replay 1 a1b2c3d4e5f6',
    'info',
    {
      ...base,
      ...end,
      event: 'operation',
      outcome: 'completed',
      status: 200,
      attempts: 3,
      notes: { retry: 2, replay: 1 },
      identity: 'a1b2c3d4e5f6',
    },
  ],
  [
    'failed query Viewer 34 ms 503 HTTP_STATUS attempt 2',
    'warn',
    { ...base, ...end, event: 'attempt', attempt: 2, outcome: 'failed', status: 503, errorCode: 'HTTP_STATUS' },
  ],
  [
    'completed query 34 ms FORBIDDEN,BOOM 12 results',
    'warn',
    {
      ...base,
      ...end,
      event: 'operation',
      operationName: undefined,
      outcome: 'completed',
      attempts: 1,
      results: 12,
      errors: 2,
      errorCodes: ['FORBIDDEN', 'BOOM'],
    },
  ],
  [
    'failed query Viewer 34 ms 4403 WS_CLOSED',
    'error',
    { ...base, ...end, event: 'operation', outcome: 'failed', attempts: 1, closeCode: 4403, errorCode: 'WS_CLOSED' },
  ],
])('a line for people: %s', (line, level, record) => {
  expect(prettyLine(record as LogRecord, level, false)).toBe(line)
})

test('a line has 80 columns at most, and colours do not count', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^\w{0,100}$/),
      fc.array(fc.stringMatching(/^[A-Z]{0,64}$/), { maxLength: 8 }),
      fc.boolean(),
      (operationName, errorCodes, isColoured) => {
        const record = {
          ...base,
          ...end,
          operationName,
          errorCodes,
          event: 'operation',
          outcome: 'completed',
          attempts: 3,
        }
        const line = prettyLine(record as never, 'info', isColoured)
        expect(line.length - (isColoured ? 10 : 0)).toBeLessThanOrEqual(80)
      },
    ),
  )
})
