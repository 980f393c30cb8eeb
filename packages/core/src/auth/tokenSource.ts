import type { Clock } from '../clock.ts'
import type { RefreshRequest } from './renewal.ts'
import type { Tokens } from './tokens.ts'
import type { RefreshLock, TokenStore } from './tokenStore.ts'

/** Options of {@link createTokenSource} that every source has. */
export interface TokenSourceBaseOptions {
  /** Tokens to begin with, where the store has none. Default: nobody is signed in. */
  readonly initial?: Tokens | undefined
  /** Where the tokens are kept. Default: in memory, for this source alone. */
  readonly store?: TokenStore | undefined
  /** Keeps one refresh at a time among all that share the store. Default: none; the store's `replace` settles a race. */
  readonly lock?: RefreshLock | undefined
  /**
   * Tells the tabs that share the store when to look into it, such as `new BroadcastChannel('session')`. No token goes
   * through it. The source owns it, and closes it when it is disposed.
   */
  readonly channel?: SessionChannel | undefined
  /** Revokes tokens that came too late, after a sign-out (RFC 7009). What it throws is ignored. */
  readonly revoke?: ((tokens: Tokens) => void | Promise<void>) | undefined
  /**
   * How long before its end a token is renewed, in milliseconds, at most a fifth of its lifetime; operations wait for the
   * new one. Default: in the background for the last 300,000 ms or fifth of the lifetime, plus up to 30,000 ms or a
   * twentieth at random; with operations waiting for the last 10,000 ms or twentieth.
   */
  readonly skewMs?: number | undefined
  /** How long a refresh may take, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined
  /** How many operations may wait for a refresh. Default: 10,000. */
  readonly maxQueued?: number | undefined
  /**
   * `'eager'` renews tokens also while nothing is sent, by a timer and when a page is shown again; `'lazy'` has no timers
   * and renews them when an operation needs it. Default: `'eager'` in browsers, `'lazy'` elsewhere.
   */
  readonly mode?: 'eager' | 'lazy' | undefined
  /** Called once when the tokens are no good and cannot be renewed: time to sign in again. Not called for `clear`. */
  readonly onSessionEnded?: SessionListener | undefined
  /** Default: the platform's. */
  readonly clock?: Clock | undefined
  /** Gives numbers from 0 to 1 that spread out refreshes. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** How a source comes by its tokens. */
export type RefreshOptions =
  | {
      /** Renews the tokens of somebody who signed in, with `session.set` or `initial`. */
      readonly refresh: (request: RefreshRequest) => Tokens | Promise<Tokens>
      readonly fetchToken?: undefined
      readonly readonly?: undefined
    }
  | {
      /** Gets tokens without a sign-in, whenever there are none or they expire: for servers and machines. */
      readonly fetchToken: (request: RefreshRequest) => Tokens | Promise<Tokens>
      readonly refresh?: undefined
      readonly readonly?: undefined
    }
  | {
      /**
       * Uses the tokens for as long as they are good, and never renews them: for rendering on a server, where a renewed
       * refresh token would be lost with the request.
       */
      readonly readonly: true
      readonly refresh?: undefined
      readonly fetchToken?: undefined
    }

/** Options of {@link createTokenSource}. */
export type TokenSourceOptions = TokenSourceBaseOptions & RefreshOptions

/** A `BroadcastChannel`, as far as it is used. */
export interface SessionChannel {
  postMessage(message: SessionMessage): void
  addEventListener(type: 'message', listener: () => void): void
  removeEventListener(type: 'message', listener: () => void): void
  close(): void
}

/** What tabs tell each other: that something happened, and to which session. */
export interface SessionMessage {
  /** A random id of the session; absent after a sign-out. */
  readonly session: string | undefined
  readonly generation: number
  readonly event: 'set' | 'cleared' | 'refreshed'
}

/** Something that happened to a session. It holds no token. */
export interface SessionEvent {
  /**
   * `'set'` and `'cleared'`: somebody signed in or out, here or in another tab. `'refreshed'`: there is a new access
   * token. `'refreshFailed'`: a refresh failed, see `error`. `'sessionEnded'`: the tokens cannot be renewed any more.
   */
  readonly type: 'set' | 'cleared' | 'refreshed' | 'refreshFailed' | 'sessionEnded'
  /** Grows when somebody signs in or out. */
  readonly epoch: number
  /** Grows with each new access token. */
  readonly generation: number
  /** What the refresh failed with, free of tokens. */
  readonly error?: unknown
}

/** Hears of what happens to a session. What it throws, or rejects with, is ignored. */
export type SessionListener = (event: SessionEvent) => unknown

/** What a session is at the moment. It holds no token. */
export interface SessionState {
  /**
   * `'loading'`: the store was not read yet. `'none'`: nobody is signed in. `'fresh'`, `'soft'`, `'hard'`: the access
   * token is good, is to be renewed in the background, or is to be renewed before anything is sent. `'dead'`: the tokens
   * are no good and cannot be renewed.
   */
  readonly status: 'loading' | 'none' | 'fresh' | 'soft' | 'hard' | 'dead' | 'disposed'
  readonly epoch: number
  readonly generation: number
  readonly subject: string | undefined
  /** When the access token expires, in milliseconds since 1970; `undefined` where nobody knows. */
  readonly expiresAt: number | undefined
}

/**
 * The one object that holds the tokens of a session and renews them. Every link that needs them, over HTTP and over
 * WebSocket, is given the same source.
 */
export interface TokenSource {
  readonly current: SessionState
  readonly events: {
    /** Calls back for each event, after the session has changed. @returns a function that ends it. */
    subscribe(listener: SessionListener): () => void
  }
  /**
   * Somebody signed in. Operations of whoever was signed in before fail with an {@link IdentityChangedError}, unless
   * both have the same `subject`. At once; the promise is when the tokens are stored.
   *
   * @throws {@link OptionsError} when there is no access token, {@link DisposedError} after `dispose`.
   */
  set(tokens: Tokens): Promise<void>
  /**
   * Somebody signed out. At once, whatever is running; the promise is when the store is empty. Operations that run fail
   * with an {@link IdentityChangedError}, and a refresh that is running comes to nothing.
   *
   * @throws {@link DisposedError} after `dispose`.
   */
  clear(): Promise<void>
  /**
   * An access token that is good now, renewed before if need be: for requests that no link makes. `undefined` where
   * nobody is signed in.
   *
   * @throws {@link AuthRefreshError}, {@link AuthExpiredError}, {@link AuthQueueFullError} or {@link DisposedError}.
   */
  accessToken(): Promise<string | undefined>
  /** Looks at the clock: call it when an app comes to the foreground. At most one refresh comes of it. */
  check(): void
  /** Ends everything: timers, listeners, the channel. A refresh that is running has 5,000 ms to end and store its tokens. */
  dispose(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
