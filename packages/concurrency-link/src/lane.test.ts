import { settle } from '@graphlinks/testing'
import fc from 'fast-check'
import { Lane, type Visit } from './lane.ts'

/** What a lane should be: plain lists, and no thought of speed. */
interface Model {
  readonly limit: number
  readonly inside: Set<Visitor>
  readonly waiting: Visitor[]
}

interface Visitor {
  readonly visit: Visit
  state: 'waiting' | 'inside' | 'refused'
  expected: 'waiting' | 'inside' | 'refused' | 'gone'
}

interface Real {
  readonly lane: Lane
  readonly visitors: Visitor[]
}

async function check(model: Model, { lane, visitors }: Real): Promise<void> {
  await settle()
  for (const { state, expected } of visitors) if (expected !== 'gone') expect(state).toBe(expected)
  expect(model.inside.size).toBeLessThanOrEqual(model.limit)
  expect(lane.isEmpty).toBe(model.inside.size === 0)
  for (const room of [0, 1, 2, 3]) {
    expect(lane.isFull(room)).toBe(model.inside.size === model.limit && model.waiting.length >= room)
  }
}

class Enter implements fc.AsyncCommand<Model, Real> {
  check = (): boolean => true

  async run(model: Model, real: Real): Promise<void> {
    const visit = real.lane.enter()
    const visitor: Visitor = { visit, state: visit.turn ? 'waiting' : 'inside', expected: 'waiting' }
    visit.turn?.then(
      () => (visitor.state = 'inside'),
      (reason: unknown) => {
        expect(reason).toBe('reason')
        visitor.state = 'refused'
      },
    )
    real.visitors.push(visitor)
    if (model.inside.size < model.limit) {
      model.inside.add(visitor)
      visitor.expected = 'inside'
    } else {
      model.waiting.push(visitor)
    }
    await check(model, real)
  }

  toString = (): string => 'enter'
}

class Leave implements fc.AsyncCommand<Model, Real> {
  readonly #pick: number

  constructor(pick: number) {
    this.#pick = pick
  }

  check = (): boolean => true

  async run(model: Model, real: Real): Promise<void> {
    // Also one that has left before.
    const visitor = real.visitors[this.#pick % Math.max(1, real.visitors.length)]
    if (!visitor) return
    visitor.visit.leave('reason')
    const position = model.waiting.indexOf(visitor)
    if (position >= 0) {
      model.waiting.splice(position, 1)
      visitor.expected = 'refused'
    } else if (model.inside.delete(visitor)) {
      visitor.expected = 'gone'
      const next = model.waiting.shift()
      if (next) {
        model.inside.add(next)
        next.expected = 'inside'
      }
    }
    await check(model, real)
  }

  toString = (): string => `leave(${this.#pick})`
}

test('as a model of plain lists: never more than the limit, first come first served, nobody forgotten', async () => {
  const commands = [fc.constant(new Enter()), fc.nat(30).map((pick) => new Leave(pick))]
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.commands(commands, { maxCommands: 30 }), async (limit, run) => {
      await fc.asyncModelRun(
        () => ({
          model: { limit, inside: new Set<Visitor>(), waiting: [] },
          real: { lane: new Lane(limit), visitors: [] },
        }),
        run,
      )
    }),
    { numRuns: 100 },
  )
})

test('whoever leaves the middle of a long queue does so in constant time, and is forgotten', () => {
  const lane = new Lane(1)
  lane.enter()
  const visits = Array.from({ length: 60_000 }, () => lane.enter())
  for (const { turn } of visits) turn?.catch(() => {})
  const start = performance.now()
  // From the middle outwards: neither end helps.
  for (let step = 0; step < 30_000; step++) {
    visits[30_000 + step]?.leave()
    visits[29_999 - step]?.leave()
  }
  // Linear in what is before or after them, it would be minutes.
  expect(performance.now() - start).toBeLessThan(5_000)
  expect(lane.isFull(1)).toBe(false)
})
