import fc from 'fast-check'
import { ask, closed, end, waitMs, type Circuit, type Rules, type Verdict } from './circuit.ts'

const rules: Rules = {
  failureThreshold: 3,
  failureRate: Infinity,
  minimumAttempts: 20,
  windowMs: 1_000,
  openMs: 1_000,
  maxProbes: 1,
}

const at = (now: number, random = 0) => ({ now, random })

/** Attempts in closed or half-open phases that end one after the other. */
function after(verdicts: readonly Verdict[], from: Circuit = closed, now = 0, by: Rules = rules): Circuit {
  return verdicts.reduce((circuit, verdict) => end(circuit, { epoch: circuit.epoch, verdict }, at(now), by), from)
}

describe('closed', () => {
  test('failures in a row open it; a success in between starts the count anew, and what says nothing does not', () => {
    expect(after(['failure', 'failure', 'success', 'failure', 'failure']).phase).toBe('closed')
    expect(after(['failure', 'unknown', 'failure', 'failure']).phase).toBe('open')
  })

  test('it stays open for openMs and up to a fifth longer, and refuses', () => {
    for (const [random, until] of [
      [0, 1_000],
      [0.5, 1_100],
      [1, 1_200],
    ] as const) {
      const opened = end(after(['failure', 'failure']), { epoch: 0, verdict: 'failure' }, at(0, random), rules)
      expect(opened).toMatchObject({ phase: 'open', until })
      expect(ask(opened, until - 1, rules)).toEqual({ circuit: opened, passes: false })
      expect(waitMs(opened, 400)).toBe(until - 400)
      expect(ask(opened, until, rules)).toMatchObject({ circuit: { phase: 'half-open' }, passes: true })
    }
  })

  test('a share of the attempts of a window opens it, when there are enough', () => {
    const share = { ...rules, failureThreshold: Infinity, failureRate: 0.5, minimumAttempts: 4 }
    expect(after(['failure', 'failure', 'failure'], closed, 0, share).phase).toBe('closed')
    expect(after(['success', 'success', 'success', 'failure', 'failure'], closed, 0, share).phase).toBe('closed')
    expect(after(['success', 'success', 'failure', 'failure'], closed, 0, share).phase).toBe('open')
    // A success does not open it, though the share is as high as after the failure before.
    const high = after(['failure', 'failure', 'failure'], closed, 0, share)
    expect(after(['success'], high, 0, share).phase).toBe('closed')
    // Half a window later they still count, a window later no more.
    expect(after(['failure'], high, 500, share).phase).toBe('open')
    expect(after(['failure'], high, 1_000, share).phase).toBe('closed')
  })
})

describe('half-open', () => {
  const opened = after(['failure', 'failure', 'failure'])

  test('one probe; its success closes the circuit, its failure opens it again', () => {
    const { circuit } = ask(opened, 1_000, rules)
    expect(ask(circuit, 1_000, rules).passes).toBe(false)
    expect(after(['success'], circuit, 1_500)).toMatchObject({ phase: 'closed', failures: 0 })
    expect(after(['failure'], circuit, 1_500)).toMatchObject({ phase: 'open', until: 2_500 })
  })

  test('a probe that says nothing gives its turn to the next', () => {
    const { circuit } = ask(opened, 1_000, rules)
    expect(ask(after(['unknown'], circuit, 1_100), 1_100, rules).passes).toBe(true)
  })

  test('as many probes as may must all succeed', () => {
    const three = { ...rules, maxProbes: 3 }
    let { circuit } = ask(opened, 1_000, three)
    for (const passes of [true, true, false]) {
      const answer = ask(circuit, 1_000, three)
      expect(answer.passes).toBe(passes)
      circuit = answer.circuit
    }
    expect(after(['success', 'success'], circuit, 1_100, three).phase).toBe('half-open')
    expect(after(['success', 'success', 'success'], circuit, 1_100, three).phase).toBe('closed')
    expect(after(['success', 'success', 'failure'], circuit, 1_100, three).phase).toBe('open')
  })

  test('a probe that never comes back is given up after openMs', () => {
    const { circuit } = ask(opened, 1_000, rules)
    expect(waitMs(circuit, 1_000)).toBe(1_000)
    expect(waitMs(circuit, 1_900)).toBe(100)
    const { circuit: again, passes } = ask(circuit, 2_000, rules)
    expect([again.phase, passes]).toEqual(['half-open', true])
    expect(end(again, { epoch: circuit.epoch, verdict: 'failure' }, at(2_000), rules)).toBe(again)
  })
})

type Step =
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'ask' }
  | { readonly type: 'end'; readonly pick: number; readonly verdict: Verdict }

const verdicts = fc.constantFrom<Verdict>('success', 'failure', 'failure', 'unknown')
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(1_500) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('ask' as const) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('end' as const), pick: fc.nat(10), verdict: verdicts }) },
  ),
  { maxLength: 80 },
)

const someRules = fc.record({
  failureThreshold: fc.constantFrom(1, 2, 3, Infinity),
  failureRate: fc.constantFrom(0.25, 0.5, 1, Infinity),
  minimumAttempts: fc.integer({ min: 1, max: 5 }),
  windowMs: fc.constant(2_000),
  openMs: fc.constantFrom(500, 1_000),
  maxProbes: fc.integer({ min: 1, max: 3 }),
})

test('as the plain history of what happened has it, whatever happens', () => {
  fc.assert(
    fc.property(someRules, steps, fc.double({ min: 0, max: 1, noNaN: true }), (by, script, random) => {
      let now = 0
      let circuit = closed
      const running: number[] = []
      /** Of the phase that is now. */
      let history: { readonly at: number; readonly verdict: Verdict }[] = []
      let passed = 0
      let beganAt = 0

      const become = (next: Circuit): void => {
        expect(next.epoch - circuit.epoch).toBe(next.phase === circuit.phase && next.epoch === circuit.epoch ? 0 : 1)
        if (next.epoch !== circuit.epoch) [history, passed, beganAt] = [[], 0, now]
        circuit = next
      }

      for (const step of script) {
        if (step.type === 'wait') {
          now += step.ms
        } else if (step.type === 'ask') {
          const { phase } = circuit
          const isDue = now >= circuit.until
          const hasRoom = passed - history.filter(({ verdict }) => verdict === 'unknown').length < by.maxProbes
          const answer = ask(circuit, now, by)
          expect(answer.passes).toBe(phase === 'closed' || isDue || (phase === 'half-open' && hasRoom))
          if (!answer.passes) {
            expect(answer.circuit).toBe(circuit)
            expect(waitMs(circuit, now)).toBeGreaterThan(0)
          }
          become(answer.circuit)
          if (answer.passes) {
            expect(circuit.phase).not.toBe('open')
            running.push(circuit.epoch)
            passed++
          }
        } else if (running.length > 0) {
          const [epoch] = running.splice(step.pick % running.length, 1)
          const before = circuit
          const next = end(circuit, { epoch: epoch as number, verdict: step.verdict }, at(now, random), by)
          if (epoch !== before.epoch) {
            expect(next).toBe(before)
            continue
          }
          history.push({ at: now, verdict: step.verdict })
          expect(next.phase).toBe(expectedPhase(before, history, now, by))
          become(next)
          if (circuit.phase === 'open') {
            expect(circuit.until - beganAt).toBeGreaterThanOrEqual(by.openMs)
            expect(circuit.until - beganAt).toBeLessThanOrEqual(by.openMs * 1.2 + 1e-9)
          }
        }
      }
      // Nothing is left alone for ever.
      expect(ask(circuit, now + by.openMs * 1.3, by).passes).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})

function expectedPhase(
  { phase }: Circuit,
  history: readonly { readonly at: number; readonly verdict: Verdict }[],
  now: number,
  by: Rules,
): Circuit['phase'] {
  const telling = history.filter(({ verdict }) => verdict !== 'unknown')
  const last = history.at(-1)?.verdict
  if (phase === 'half-open') {
    if (last === 'failure') return 'open'
    return telling.length === by.maxProbes ? 'closed' : 'half-open'
  }
  if (last !== 'failure') return 'closed'
  const lately = telling.slice(-by.failureThreshold)
  if (lately.length === by.failureThreshold && lately.every(({ verdict }) => verdict === 'failure')) return 'open'
  const half = (time: number): number => Math.floor(time / (by.windowMs / 2))
  const recent = telling.filter((attempt) => half(attempt.at) >= half(now) - 1)
  const failed = recent.filter(({ verdict }) => verdict === 'failure').length
  return recent.length >= by.minimumAttempts && failed / recent.length >= by.failureRate ? 'open' : 'closed'
}
