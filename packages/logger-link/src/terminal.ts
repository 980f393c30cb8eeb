/** What there is of Node's `process`; browsers have none. */
interface Terminal {
  readonly stdout: { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Whether a person reads what is printed, and whether in colours (https://no-color.org). */
export function inTerminal(): { readonly isTerminal: boolean; readonly isColoured: boolean } {
  const { stdout, env } = (globalThis as { readonly process?: Partial<Terminal> }).process ?? {}
  const isTerminal = stdout?.isTTY === true
  return { isTerminal, isColoured: isTerminal && !env?.['NO_COLOR'] }
}
