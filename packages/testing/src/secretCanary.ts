import { inspect, format } from 'node:util'

/**
 * A secret that must never be seen: use its value as a token, run what may fail, and let it look for itself in
 * everything that came out.
 *
 * @example
 * ```ts
 * import { secretCanary } from '@graphlinks/testing'
 *
 * const canary = secretCanary()
 * const error = new Error('the token was refused')
 * canary.check(error) // throws if canary.value is in its message, stack, causes, JSON or inspection
 * ```
 */
export interface SecretCanary {
  /** The secret: different for each canary, made of letters and digits. */
  readonly value: string
  /**
   * Looks for the secret, and its Base64 and URL forms, in each value: message, stack, cause chain, own properties
   * (hidden ones too), JSON, conversion to a string, and `util.inspect` at depth 20 with hidden properties.
   *
   * @throws Error that says where it was found.
   */
  check(...emitted: unknown[]): void
  /**
   * Runs a function and checks everything that was written to the console, stdout and stderr meanwhile.
   *
   * @returns what the function gave.
   */
  watch<Value>(run: () => Value | Promise<Value>): Promise<Value>
}

/**
 * Makes a {@link SecretCanary}.
 *
 * @example
 * ```ts
 * import { secretCanary } from '@graphlinks/testing'
 *
 * const canary = secretCanary()
 * const output = await canary.watch(() => JSON.stringify({ token: '[redacted]' }))
 * canary.check(output)
 * ```
 */
export function secretCanary(): SecretCanary {
  const value = `canary${Math.random().toString(36).slice(2, 12).padEnd(10, '0')}${Date.now().toString(36)}`
  // Base64 of a longer text holds the middle of this one in one of three alignments.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from('-'.repeat(shift) + value)
      .toString('base64')
      .slice(4, -4),
  )
  const forms = [value, ...base64, Buffer.from(value).toString('hex')]

  const search = (text: string, where: string): void => {
    if (forms.some((form) => text.includes(form))) throw new Error(`the secret canary was found in ${where}`)
  }
  const check = (...emitted: unknown[]): void =>
    emitted.forEach((item, index) => searchValue(item, `value ${index}`, search))

  return {
    value,
    check,
    async watch(run) {
      const written: string[] = []
      const restore = [process.stdout, process.stderr].map((stream) => captureWrites(stream, written))
      const restoreConsole = captureConsole(written)
      try {
        return await run()
      } finally {
        restore.forEach((undo) => undo())
        restoreConsole()
        search(written.join(''), 'the output')
      }
    },
  }
}

type Search = (text: string, where: string) => void

function searchValue(value: unknown, where: string, search: Search): void {
  search(
    inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null, maxArrayLength: null }),
    `inspect of ${where}`,
  )
  search(jsonOf(value), `JSON of ${where}`)
  if (typeof value !== 'symbol') search(stringOf(value), `the string of ${where}`)
  searchProperties(value, where, search, new Set())
}

/** Own properties and the cause chain, by hand: a class may hide them from inspect. */
function searchProperties(value: unknown, where: string, search: Search, seen: Set<unknown>): void {
  if (typeof value === 'string') return search(value, where)
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return
  seen.add(value)
  if (seen.size > 10_000) return
  for (const key of Reflect.ownKeys(value)) {
    search(String(key), `a key of ${where}`)
    const descriptor = Object.getOwnPropertyDescriptor(value, key)
    if (descriptor && 'value' in descriptor) searchProperties(descriptor.value, `${where}.${String(key)}`, search, seen)
  }
}

function jsonOf(value: unknown): string {
  const seen = new Set<unknown>()
  try {
    return (
      JSON.stringify(value, (_, inner: unknown) => {
        if (typeof inner === 'bigint') return String(inner)
        if (typeof inner !== 'object' || inner === null) return inner
        if (seen.has(inner)) return undefined
        seen.add(inner)
        return inner
      }) ?? ''
    )
  } catch (error) {
    return String(error)
  }
}

function stringOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return ''
  }
}

function captureWrites(stream: NodeJS.WriteStream, written: string[]): () => void {
  // Called with its stream below.
  // oxlint-disable-next-line typescript/unbound-method
  const original = stream.write
  stream.write = ((chunk: unknown, ...rest: unknown[]) => {
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString())
    return original.call(stream, chunk as string, ...(rest as []))
  }) as typeof stream.write
  return () => {
    stream.write = original
  }
}

function captureConsole(written: string[]): () => void {
  const methods = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const
  const originals = methods.map((method) => console[method])
  for (const method of methods) console[method] = (...args: unknown[]) => void written.push(format(...args))
  return () => {
    methods.forEach((method, index) => (console[method] = originals[index] as typeof console.log))
  }
}
