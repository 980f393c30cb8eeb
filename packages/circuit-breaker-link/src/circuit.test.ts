import fc from 'fast-check'
import { ask, closed, end, type Circuit, type Rules } from './circuit.ts'

const rules: Rules = { failureThreshold: 3, successWeight: Infinity, openMs: 1_000, maxProbes: 1 }

type Verdict = boolean | undefined

/** Attempts that end one after the other: `true`, it failed; `undefined`, it says nothing. */
function after(verdicts: readonly Verdict[], from: Circuit = closed, now = 0, by: Rules = rules): Circuit {
  return verdicts.reduce<Circuit>((circuit, verdict) => end(circuit, circuit.epoch, verdict, now, 0, by), from)
}

/** The circuit after an attempt has passed; fails where it may not. */
function pass(circuit: Circuit, now: number, by: Rules = rules): Circuit {
  const passed = ask(circuit, now, by)
  if (!passed) throw new Error('it was refused')
  return passed
}

describe('closed', () => {
  test('failures in a row open it; a success in between starts the count anew, and what says nothing does not', () => {
    expect(after([true, true, false, true, true]).phase).toBe('closed')
    expect(after([true, undefined, true, true]).phase).toBe('open')
  })

  test('it stays open for openMs and up to a fifth longer, and refuses', () => {
    for (const [random, until] of [
      [0, 1_000],
      [0.5, 1_100],
      [1, 1_200],
    ] as const) {
      const opened = end(after([true, true]), closed.epoch, true, 0, random, rules)
      expect(opened).toMatchObject({ phase: 'open', until })
      expect(ask(opened, until - 1, rules)).toBeUndefined()
      expect(pass(opened, until).phase).toBe('half-open')
    }
  })

  test('a success makes up for as many failures as it weighs, and for no more than there were', () => {
    const light = { ...rules, successWeight: 0.5 }
    expect(after([false, false, false, true, true], closed, 0, light).phase).toBe('closed')
    expect(after([true, true, false, true], closed, 0, light)).toMatchObject({ phase: 'closed', failures: 2.5 })
    expect(after([true, true, false, true, true], closed, 0, light).phase).toBe('open')
  })

  test('an endpoint that fails more than w / (1 + w) of the attempts opens it in the end, one that fails less does not', () => {
    for (const [successWeight, share] of [
      [1, 0.5],
      [0.25, 0.2],
    ] as const) {
      const by = { ...rules, failureThreshold: 10, successWeight }
      const opensAt = (failing: number): boolean => {
        let circuit = closed
        for (let index = 0; index < 2_000 && circuit.phase === 'closed'; index++) {
          // Spread evenly: an attempt fails where the sum of the shares passes an integer.
          circuit = after([Math.floor((index + 1) * failing) > Math.floor(index * failing)], circuit, 0, by)
        }
        return circuit.phase === 'open'
      }
      expect([opensAt(share - 0.02), opensAt(share + 0.02)]).toEqual([false, true])
    }
  })
})

describe('half-open', () => {
  const opened = after([true, true, true])

  test('one probe; its success closes the circuit, its failure opens it again', () => {
    const circuit = pass(opened, 1_000)
    expect(ask(circuit, 1_000, rules)).toBeUndefined()
    expect(after([false], circuit, 1_500)).toMatchObject({ phase: 'closed', failures: 0 })
    expect(after([true], circuit, 1_500)).toMatchObject({ phase: 'open', until: 2_500 })
  })

  test('a probe that says nothing gives its turn to the next', () => {
    const circuit = after([undefined], pass(opened, 1_000), 1_100)
    expect(pass(circuit, 1_100).phase).toBe('half-open')
  })

  test('as many probes at once as may', () => {
    const three = { ...rules, maxProbes: 3 }
    const circuit = pass(pass(pass(opened, 1_000, three), 1_000, three), 1_000, three)
    expect(ask(circuit, 1_000, three)).toBeUndefined()
    expect(after([false], circuit, 1_100, three).phase).toBe('closed')
    expect(after([true], circuit, 1_100, three).phase).toBe('open')
  })

  test('a probe that never comes back is given up after openMs', () => {
    const circuit = pass(opened, 1_000)
    expect(ask(circuit, 1_999, rules)).toBeUndefined()
    const again = pass(circuit, 2_000)
    expect(again.phase).toBe('half-open')
    expect(end(again, circuit.epoch, true, 2_000, 0, rules)).toBe(again)
  })
})

type Step =
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'ask' }
  | { readonly type: 'end'; readonly pick: number; readonly verdict: Verdict }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(1_500) }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('ask' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('end' as const),
        pick: fc.nat(10),
        verdict: fc.constantFrom<Verdict>(true, true, false, undefined),
      }),
    },
  ),
  { maxLength: 80 },
)

const someRules: fc.Arbitrary<Rules> = fc.record({
  failureThreshold: fc.constantFrom(1, 2, 3),
  successWeight: fc.constantFrom(0.5, 1, Infinity),
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
      let history: Verdict[] = []
      let passed = 0
      let beganAt = 0

      const become = (next: Circuit): void => {
        expect([0, 1]).toContain(next.epoch - circuit.epoch)
        if (next.epoch === circuit.epoch) expect(next.phase).toBe(circuit.phase)
        else [history, passed, beganAt] = [[], 0, now]
        circuit = next
      }

      for (const step of script) {
        if (step.type === 'wait') {
          now += step.ms
        } else if (step.type === 'ask') {
          const { phase } = circuit
          const isDue = phase !== 'closed' && now >= circuit.until
          const hasRoom = passed - history.length < by.maxProbes
          const answer = ask(circuit, now, by)
          expect(answer !== undefined).toBe(phase === 'closed' || isDue || (phase === 'half-open' && hasRoom))
          if (!answer) continue
          become(answer)
          expect(circuit.phase).not.toBe('open')
          running.push(circuit.epoch)
          passed++
        } else if (running.length > 0) {
          const [epoch] = running.splice(step.pick % running.length, 1)
          const before = circuit
          const next = end(circuit, epoch as number, step.verdict, now, random, by)
          if (epoch !== before.epoch) {
            expect(next).toBe(before)
            continue
          }
          history.push(step.verdict)
          expect(next.phase).toBe(expectedPhase(before, history, by))
          become(next)
          if (circuit.phase === 'open') {
            expect(circuit.until - beganAt).toBeGreaterThanOrEqual(by.openMs)
            expect(circuit.until - beganAt).toBeLessThanOrEqual(by.openMs * 1.2 + 1e-9)
          }
        }
      }
      // Nothing is left alone for ever.
      expect(ask(circuit, now + by.openMs * 1.3, by)).toBeDefined()
    }),
    { numRuns: 1_000 },
  )
})

function expectedPhase({ phase }: Circuit, history: readonly Verdict[], by: Rules): Circuit['phase'] {
  const last = history.at(-1)
  if (last === undefined) return phase
  if (phase === 'half-open') return last ? 'open' : 'closed'
  const failures = history.reduce<number>(
    (count, verdict) =>
      verdict === undefined ? count : verdict ? count + 1 : count > by.successWeight ? count - by.successWeight : 0,
    0,
  )
  return failures >= by.failureThreshold ? 'open' : 'closed'
}
