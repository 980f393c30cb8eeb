import {
  inDevelopment,
  OptionsError,
  ownOptions,
  systemClock,
  type AttemptOutcome,
  type Clock,
  type Operation,
} from '@graphlinks/core'
import type { CircuitPhase, Rules } from './circuit.ts'
import { isOutage } from './outage.ts'

/** Options of `circuitBreakerLink`. */
export interface CircuitBreakerLinkOptions {
  /**
   * Which circuit an operation belongs to: the endpoint that it goes to. Where there are more than 1,000, all are
   * forgotten. Default: one circuit for the link.
   */
  readonly key?: ((operation: Operation) => string) | undefined
  /** How many failures open the circuit, less what successes made up for. Default: 5. */
  readonly failureThreshold?: number | undefined
  /**
   * How many failures one success makes up for. `Infinity`: all, so that only failures in a row count. With 1, an endpoint
   * that fails more than half of the attempts opens the circuit, with 0.25 one that fails more than a fifth.
   * Default: `Infinity`.
   */
  readonly successWeight?: number | undefined
  /** How long the circuit stays open, in milliseconds, and up to a fifth longer at random. Default: 10,000. */
  readonly openMs?: number | undefined
  /**
   * How many attempts at once are let through then. The first that succeeds closes the circuit, the first that fails opens
   * it again. Default: 1.
   */
  readonly maxProbes?: number | undefined
  /** Whether an attempt failed, as far as the endpoint is concerned. What it throws is the operation's error.
   * Default: {@link isOutage}. */
  readonly isFailure?: ((outcome: AttemptOutcome, operation: Operation) => boolean) | undefined
  /** Called after each change of a circuit. What it throws is ignored. */
  readonly onStateChange?: ((change: CircuitChange) => void) | undefined
  /** Default: the platform's. No timer is set. */
  readonly clock?: Clock | undefined
  /** Numbers from 0 to 1, for `openMs`. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** A circuit went from one phase to another. Open becomes half-open with the first operation that comes after `openMs`. */
export interface CircuitChange {
  readonly key: string
  readonly from: CircuitPhase
  readonly to: CircuitPhase
  /** What the attempt failed with that opened the circuit, where it was an error. */
  readonly error: unknown
}

/** The options, with defaults, after they were checked. */
export type Settings = Rules & {
  [Name in keyof CircuitBreakerLinkOptions]-?: NonNullable<CircuitBreakerLinkOptions[Name]>
}

export const link = 'circuitBreakerLink'

/** @throws {@link OptionsError} naming the option. */
export function checkOptions(options: CircuitBreakerLinkOptions | undefined): Settings {
  const defaults: Settings = {
    key: () => '',
    failureThreshold: 5,
    successWeight: Infinity,
    openMs: 10_000,
    maxProbes: 1,
    isFailure: isOutage,
    onStateChange: () => {},
    clock: systemClock,
    random: Math.random,
  }
  const settings = ownOptions(options) as Record<string, unknown>
  for (const [name, byDefault] of Object.entries(defaults)) {
    const value = (settings[name] ??= byDefault)
    if (typeof value === typeof byDefault && (typeof value !== 'number' || value > 0)) continue
    throw new OptionsError(
      inDevelopment(() =>
        typeof byDefault === 'number'
          ? `${name} is a number above 0, not ${typeof value === 'number' ? value : typeof value}`
          : `${name} is a ${typeof byDefault}, not ${typeof value}`,
      ) ?? name,
      { link },
    )
  }
  return settings as unknown as Settings
}
