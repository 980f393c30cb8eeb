/** `closed`: operations pass. `open`: none does. `half-open`: a few do, to find out whether the endpoint is back. */
export type CircuitPhase = 'closed' | 'open' | 'half-open'

/** What is known of one endpoint. A value: changed by {@link ask} and {@link end} only, without clock and chance. */
export interface Circuit {
  readonly phase: CircuitPhase
  /** Grows with each phase: what began in an earlier one says nothing about this one. */
  readonly epoch: number
  /** While closed: how many attempts in a row have failed. */
  readonly failures: number
  /** While closed: how many attempts ended lately. */
  readonly recent: Recent
  /** While open: when probes are let through. While half-open: when others are, where these have not come back. */
  readonly until: number
  /** While half-open: how many probes are on their way, or have succeeded. */
  readonly probes: number
  /** While half-open: how many have succeeded. */
  readonly successes: number
}

/** Attempts of a window that slides in halves: of the half that runs, and of the one before. */
interface Recent {
  readonly since: number
  readonly total: number
  readonly failed: number
  readonly totalBefore: number
  readonly failedBefore: number
}

/** When a circuit opens, and for how long. */
export interface Rules {
  readonly failureThreshold: number
  readonly failureRate: number
  readonly minimumAttempts: number
  readonly windowMs: number
  readonly openMs: number
  readonly maxProbes: number
}

/** How an attempt ended: `unknown`, it says nothing about the endpoint. */
export type Verdict = 'success' | 'failure' | 'unknown'

/** A circuit before anything is known. */
export const closed: Circuit = {
  phase: 'closed',
  epoch: 0,
  failures: 0,
  recent: { since: 0, total: 0, failed: 0, totalBefore: 0, failedBefore: 0 },
  until: 0,
  probes: 0,
  successes: 0,
}

/** An attempt wants to pass. */
export function ask(
  circuit: Circuit,
  now: number,
  { openMs, maxProbes }: Rules,
): { readonly circuit: Circuit; readonly passes: boolean } {
  if (circuit.phase === 'closed') return { circuit, passes: true }
  if (circuit.phase === 'half-open' && circuit.probes < maxProbes) {
    return { circuit: { ...circuit, probes: circuit.probes + 1 }, passes: true }
  }
  if (now < circuit.until) return { circuit, passes: false }
  return { circuit: { ...enter('half-open', circuit), until: now + openMs, probes: 1 }, passes: true }
}

/** An attempt that had passed in some epoch has ended. */
export function end(
  circuit: Circuit,
  attempt: { readonly epoch: number; readonly verdict: Verdict },
  { now, random }: { readonly now: number; readonly random: number },
  rules: Rules,
): Circuit {
  const { verdict } = attempt
  if (attempt.epoch !== circuit.epoch) return circuit
  if (circuit.phase === 'half-open') {
    if (verdict === 'unknown') return { ...circuit, probes: circuit.probes - 1 }
    if (verdict === 'failure') return open(circuit, now, random, rules)
    const successes = circuit.successes + 1
    return successes < rules.maxProbes ? { ...circuit, successes } : enter('closed', circuit)
  }
  if (verdict === 'unknown') return circuit
  const failures = verdict === 'failure' ? circuit.failures + 1 : 0
  const counted = { ...circuit, failures, recent: count(circuit.recent, verdict, now, rules.windowMs) }
  const opens = verdict === 'failure' && (failures >= rules.failureThreshold || isTooHigh(counted.recent, rules))
  return opens ? open(counted, now, random, rules) : counted
}

/** In how many milliseconds an attempt that was refused may pass. While half-open nobody knows: within a second. */
export function waitMs({ phase, until }: Circuit, now: number): number {
  return Math.max(0, phase === 'open' ? until - now : Math.min(until - now, 1_000))
}

/** Up to a fifth longer at random, or all clients would come back at once. */
function open(circuit: Circuit, now: number, random: number, { openMs }: Rules): Circuit {
  return { ...enter('open', circuit), until: now + openMs * (1 + random / 5) }
}

function enter(phase: CircuitPhase, { epoch }: Circuit): Circuit {
  return { ...closed, phase, epoch: epoch + 1 }
}

function count(recent: Recent, verdict: Verdict, now: number, windowMs: number): Recent {
  const { since, total, failed, totalBefore, failedBefore } = slide(recent, now, windowMs / 2)
  return { since, total: total + 1, failed: failed + (verdict === 'failure' ? 1 : 0), totalBefore, failedBefore }
}

function slide(recent: Recent, now: number, halfMs: number): Recent {
  const halves = Math.floor((now - recent.since) / halfMs)
  if (halves < 1) return recent
  const { total, failed } = halves === 1 ? recent : closed.recent
  return { ...closed.recent, since: recent.since + halves * halfMs, totalBefore: total, failedBefore: failed }
}

function isTooHigh({ total, failed, totalBefore, failedBefore }: Recent, rules: Rules): boolean {
  const all = total + totalBefore
  return all >= rules.minimumAttempts && failed + failedBefore >= rules.failureRate * all
}
