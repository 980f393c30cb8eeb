/** The names and codes of an error and its causes. Their texts may hold a header or a URL, so they are left behind. */
export function outline(error: unknown, depth: number): Error {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown }
  const copy = new Error(String(code ?? name), cause && depth > 1 ? { cause: outline(cause, depth - 1) } : undefined)
  copy.stack = copy.message
  return typeof code === 'string' ? Object.assign(copy, { code }) : copy
}
