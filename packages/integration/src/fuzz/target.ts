import type fc from 'fast-check'

/** A parser of what comes from outside, and what must hold whatever that is. */
export interface FuzzTarget {
  /** Of its corpus, too: `corpus/<name>.json`. */
  readonly name: string
  /** JSON, so that what fails can be kept in a file. */
  readonly input: fc.Arbitrary<unknown>
  /** Longer than any input of that size should take, in milliseconds. */
  readonly limitMs: number
  /** @throws where a promise is broken. */
  check(input: unknown): void | Promise<void>
}

/** A target whose inputs have a type. */
export function fuzzTarget<Input>(
  name: string,
  input: fc.Arbitrary<Input>,
  check: (input: Input) => void | Promise<void>,
): FuzzTarget {
  // Inputs have at most some 100 kB, and are read in a few milliseconds; what is quadratic takes minutes.
  return { name, input, limitMs: 2_000, check: (given) => check(given as Input) }
}

/** @throws Error with this message where the condition does not hold. Not Jest's: it runs outside of it, too. */
export function must(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Runs a target on an input. @throws where a promise is broken, or where it takes too long. */
export async function runTarget(target: FuzzTarget, input: unknown): Promise<void> {
  const first = await timeOf(target, input)
  // The machine may be busy, or something was loaded.
  const ms = first < target.limitMs ? first : await timeOf(target, input)
  must(ms < target.limitMs, `it took ${ms.toFixed(0)} ms`)
}

async function timeOf(target: FuzzTarget, input: unknown): Promise<number> {
  const start = performance.now()
  await target.check(input)
  return performance.now() - start
}
