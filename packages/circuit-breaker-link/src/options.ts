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
   * Which circuit an operation belongs to: the endpoint that it goes to. The 1,000 that were used last are remembered.
   * Default: one circuit for the link.
   */
  readonly key?: ((operation: Operation) => string) | undefined
  /** How many failures in a row open the circuit. `Infinity`: none do. Default: 5. */
  readonly failureThreshold?: number | undefined
  /**
   * Which share of the attempts of `windowMs` must have failed to open the circuit, too, above 0 and up to 1.
   * Default: only failures in a row count.
   */
  readonly failureRate?: number | undefined
  /** How many attempts `failureRate` needs at least. Default: 20. */
  readonly minimumAttempts?: number | undefined
  /** For `failureRate`, in milliseconds. It slides in halves. Default: 10,000. */
  readonly windowMs?: number | undefined
  /** How long the circuit stays open, in milliseconds, and up to a fifth longer at random. Default: 10,000. */
  readonly openMs?: number | undefined
  /** How many attempts are let through then, and must all succeed to close the circuit. Default: 1. */
  readonly maxProbes?: number | undefined
  /** Whether an attempt failed, as far as the endpoint is concerned. What it throws counts as no. Default: {@link isOutage}. */
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
export interface Settings {
  readonly key: (operation: Operation) => string
  readonly isFailure: (outcome: AttemptOutcome, operation: Operation) => boolean
  readonly onStateChange: ((change: CircuitChange) => void) | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly rules: Rules
}

export const link = 'circuitBreakerLink'

/** @throws {@link OptionsError} naming the option. */
export function checkOptions(options: CircuitBreakerLinkOptions | undefined): Settings {
  const {
    key = () => '',
    failureThreshold = 5,
    failureRate = Infinity,
    minimumAttempts = 20,
    windowMs = 10_000,
    openMs = 10_000,
    maxProbes = 1,
    isFailure = isOutage,
    onStateChange,
    clock = systemClock,
    random = Math.random,
  } = ownOptions(options)
  const check = (isGood: boolean, option: string, rule: string): void => {
    if (!isGood) throw new OptionsError(inDevelopment(() => `${option} is ${rule}`) ?? option, { link })
  }
  check(
    isCount(failureThreshold) || failureThreshold === Infinity,
    'failureThreshold',
    'a positive integer, or Infinity',
  )
  check(failureRate === Infinity || (failureRate > 0 && failureRate <= 1), 'failureRate', 'above 0 and at most 1')
  check(isCount(minimumAttempts), 'minimumAttempts', 'a positive integer')
  check(isDuration(windowMs), 'windowMs', 'a positive number of milliseconds')
  check(isDuration(openMs), 'openMs', 'a positive number of milliseconds')
  check(isCount(maxProbes), 'maxProbes', 'a positive integer')
  for (const [name, value] of Object.entries({ key, isFailure, onStateChange: onStateChange ?? key, random }))
    check(typeof value === 'function', name, 'a function')
  const rules = { failureThreshold, failureRate, minimumAttempts, windowMs, openMs, maxProbes }
  return { key, isFailure, onStateChange, clock, random, rules }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0
}

function isDuration(value: number): boolean {
  return Number.isFinite(value) && value > 0
}
