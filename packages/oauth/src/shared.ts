/**
 * Does something once for everybody who asks, and keeps what it gave; what failed is done again for who asks next. It is
 * given up when nobody waits for it any more.
 */
export function shared<Value>(run: (signal: AbortSignal) => Promise<Value>): (signal: AbortSignal) => Promise<Value> {
  let current: Flight<Value> | undefined
  return async (signal) => {
    if (signal.aborted) throw signal.reason
    const flight = (current ??= takeOff(run))
    flight.waiting++
    const forget = (): void => {
      if (current === flight) current = undefined
    }
    let leave: () => void = () => {}
    try {
      const left = new Promise<never>((_, reject) => {
        leave = () => reject(signal.reason as Error)
        signal.addEventListener('abort', leave)
      })
      const value = await Promise.race([flight.value, left])
      flight.isDone = true
      return value
    } catch (error) {
      if (!signal.aborted || flight.waiting === 1) forget()
      throw error
    } finally {
      signal.removeEventListener('abort', leave)
      if (--flight.waiting === 0 && !flight.isDone) flight.controller.abort(signal.reason)
    }
  }
}

interface Flight<Value> {
  readonly value: Promise<Value>
  readonly controller: AbortController
  waiting: number
  isDone: boolean
}

function takeOff<Value>(run: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
  const controller = new AbortController()
  const value = run(controller.signal)
  // Everybody may have left.
  value.catch(() => {})
  return { value, controller, waiting: 0, isDone: false }
}
