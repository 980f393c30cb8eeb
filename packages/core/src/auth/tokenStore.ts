/** Tokens as a {@link TokenStore} holds them: plain JSON. They are secrets. */
export interface StoredTokens {
  readonly accessToken: string
  readonly refreshToken?: string | undefined
  readonly subject?: string | undefined
  /** When the access token expires, in milliseconds since 1970; absent where nobody knows. */
  readonly expiresAt?: number | undefined
  /** How long it was good for when it was new, in milliseconds; absent where nobody knows. */
  readonly lifetimeMs?: number | undefined
  /** The same from a sign-in to the sign-out, however often the tokens are renewed. */
  readonly session: string
  /** Another one each time that tokens are stored. */
  readonly version: string
}

/**
 * Where the tokens of a session are kept, so that they survive a restart and several tabs or processes can share them.
 * Each method may be synchronous or not.
 */
export interface TokenStore {
  /** What is stored now. */
  read(): StoredTokens | undefined | null | Promise<StoredTokens | undefined | null>
  /** Stores tokens whatever is there, or with `undefined` forgets what is there. */
  write(tokens: StoredTokens | undefined): void | Promise<void>
  /**
   * Stores tokens if those that are there have this `version`, or if there are none and it is `undefined`; in one step,
   * so that of two that try, one succeeds.
   *
   * @returns whether it stored them.
   */
  replace(tokens: StoredTokens, version: string | undefined): boolean | Promise<boolean>
}

/**
 * Keeps one refresh at a time among all that share a store: runs `refresh` when nobody else does. `navigator.locks` is
 * one, where it is there: `(name, refresh) => navigator.locks.request(name, refresh)`. One that fails without having run
 * `refresh` is a refresh that failed.
 */
export type RefreshLock = <Value>(name: string, refresh: () => Promise<Value>) => Promise<Value>

/**
 * A store in memory: of one process, gone with it.
 *
 * @example
 * ```ts
 * import { createTokenSource, memoryTokenStore } from '@graphlinks/core'
 *
 * const store = memoryTokenStore()
 * export const session = createTokenSource({ store, refresh: async () => ({ accessToken: 'renewed' }) })
 * ```
 */
export function memoryTokenStore(): TokenStore {
  let stored: StoredTokens | undefined
  return {
    read: () => stored,
    write(tokens) {
      stored = tokens
    },
    replace(tokens, version) {
      if (stored?.version !== version) return false
      stored = tokens
      return true
    },
  }
}
