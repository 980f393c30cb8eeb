/** `closed`: operations pass. `open`: none does. `half-open`: a few do, to find out whether the endpoint is back. */
export type CircuitPhase = 'closed' | 'open' | 'half-open'

/** What is known of one endpoint. A value: changed by {@link ask} and {@link end} only, without clock and chance. */
export interface Circuit {
  readonly phase: CircuitPhase
  /** Grows with each phase: what began in an earlier one says nothing about this one. */
  readonly epoch: number
  /** How many more attempts may be on their way. */
  readonly room: number
  /** How many attempts of this phase have failed, less what successes made up for. */
  readonly failures: number
  /** While open: when probes are let through. While half-open: when others are, where these have not come back. */
  readonly until: number
}

/** When a circuit opens, and for how long. */
export interface Rules {
  readonly failureThreshold: number
  readonly successWeight: number
  readonly openMs: number
  readonly maxProbes: number
}

/** A circuit before anything is known. */
export const closed: Circuit = /* @__PURE__ */ enter({ epoch: 0 })

/** An attempt wants to pass: the circuit with it on its way, or `undefined` where it may not. */
export function ask(circuit: Circuit, now: number, { openMs, maxProbes }: Rules): Circuit | undefined {
  const { room, until } = circuit
  if (room > 0) return { ...circuit, room: room - 1 }
  return now < until ? undefined : enter(circuit, 'half-open', maxProbes - 1, now + openMs)
}

/**
 * An attempt that passed in some epoch has ended.
 *
 * @param hasFailed - `undefined`: it says nothing about the endpoint.
 * @param random - from 0 to 1.
 */
export function end(
  circuit: Circuit,
  epoch: number,
  hasFailed: boolean | undefined,
  now: number,
  random: number,
  { failureThreshold, successWeight, openMs }: Rules,
): Circuit {
  if (epoch !== circuit.epoch) return circuit
  if (hasFailed === undefined) return { ...circuit, room: circuit.room + 1 }
  const isClosed = circuit.phase === 'closed'
  const failures = hasFailed ? circuit.failures + 1 : Math.max(0, circuit.failures - successWeight)
  if (isClosed && failures < failureThreshold) return { ...circuit, failures }
  if (!hasFailed) return enter(circuit)
  // Up to a fifth longer at random, or all clients would come back at once.
  return enter(circuit, 'open', 0, now + openMs * (1 + random / 5))
}

function enter({ epoch }: Pick<Circuit, 'epoch'>, phase: CircuitPhase = 'closed', room = Infinity, until = 0): Circuit {
  return { phase, epoch: epoch + 1, room, failures: 0, until }
}
