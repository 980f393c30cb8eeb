import { instantOf, type Clock } from '../clock.ts'
import type { Context } from '../context.ts'
import { inDevelopment } from '../inDevelopment.ts'
import { partsOf, redactError } from '../redact.ts'
import { readFailure, type RefreshFailure } from './refreshFailure.ts'
import type { RefreshReason } from './sessionMachine.ts'
import { hasAccessToken, storedTokens, type Tokens } from './tokens.ts'
import type { RefreshLock, StoredTokens, TokenStore } from './tokenStore.ts'

/** What a function that renews tokens is given. */
export interface RefreshRequest {
  /** The refresh token, where there is one. A session whose refresh token is a cookie has none here. */
  readonly refreshToken: string | undefined
  /** Aborts when the refresh takes longer than `timeoutMs`, or the source is disposed; never because an operation does. */
  readonly signal: AbortSignal
  /**
   * `'missing'`: there is no token yet. `'expiring'`: the token is good for a little longer. `'expired'`: it is not.
   * `'rejected'`: a server refused it.
   */
  readonly reason: RefreshReason
  /** For the call that renews the tokens, where it goes through the same client: it then does not wait for itself. */
  readonly context: Context
}

/** What became of a refresh: new tokens, those (or none) that somebody else stored meanwhile, or an error without tokens. */
export type Renewal =
  | { readonly type: 'refreshed'; readonly stored: StoredTokens }
  | { readonly type: 'stored'; readonly stored: StoredTokens | undefined }
  | { readonly type: 'failed'; readonly failure: RefreshFailure; readonly error: unknown }

type Success = Exclude<Renewal, { readonly type: 'failed' }>

/** How far a refresh is. */
interface Progress {
  readonly startedAt: number
  /** Whether the server gave new tokens, which used up the old ones. */
  isAnswered: boolean
}

/** What {@link renew} needs. */
export interface RenewalOptions {
  readonly renewTokens: (request: RefreshRequest) => Tokens | Promise<Tokens>
  readonly revoke?: ((tokens: Tokens) => void | Promise<void>) | undefined
  readonly store: TokenStore
  readonly lock?: RefreshLock | undefined
  readonly clock: Clock
  readonly timeoutMs: number
  /** Whether the session still has the tokens that the refresh is for. */
  readonly isCurrent: () => boolean
  /** Whether it is still the same session, whoever renewed its tokens meanwhile. */
  readonly isSame: () => boolean
  /** When the store has what the session was, or the error that kept it from that. */
  readonly stored: () => Promise<void>
  /** Stores what the session is now. */
  readonly restore: () => void | Promise<void>
}

// A grace window of ten seconds is the shortest that servers are known to have.
const graceMs = 10_000
// Another tab that won the race stores its tokens within this time.
const settleMs = 1_000
const storeAttempts = 3

/** One refresh, from the look at what others stored to the moment when the new tokens are stored, too. Never rejects. */
export async function renew(
  before: StoredTokens | undefined,
  request: RefreshRequest,
  options: RenewalOptions,
): Promise<Renewal> {
  const { lock, clock } = options
  const secrets = new Set([before?.accessToken, before?.refreshToken])
  const progress: Progress = { startedAt: clock.now(), isAnswered: false }
  const run = (): Promise<Success> => renewAlone(before, request, options, secrets, progress)
  try {
    return await (lock ? holding(lock, `graphlinks ${before?.session ?? ''}`, request.signal, progress, run) : run())
  } catch (error) {
    // A store may also quote what it still has, of whoever was signed in before.
    const held = await read(options.store).catch(() => undefined)
    secrets.add(held?.accessToken).add(held?.refreshToken)
    const known = [...secrets].flatMap((secret) => (secret ? partsOf(secret) : []))
    return { type: 'failed', failure: readFailure(error, clock.date()), error: redactError(new Set(known), error) }
  }
}

/**
 * Runs under a lock that is given back when the time is up and no answer has come: what comes after that is on its own.
 * With an answer the lock is kept until it is stored, or the next to hold it would present what is used up.
 */
async function holding<Value>(
  lock: RefreshLock,
  name: string,
  signal: AbortSignal,
  progress: Progress,
  run: () => Promise<Value>,
): Promise<Value> {
  let running: Promise<Value> | undefined
  let problem: unknown = new Error('the lock ended without a refresh')
  const timeUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      if (!progress.isAnswered) reject(signal.reason as Error)
    })
  })
  timeUp.catch(() => {})
  try {
    await lock(name, () => {
      signal.throwIfAborted()
      const ended = Promise.race([(running = run()), timeUp])
      ended.catch(() => {})
      return ended
    })
  } catch (error) {
    problem = error
  }
  // A lock may not wait for it, not hand on what came of it, or fail afterwards.
  if (running) return running
  throw problem
}

async function renewAlone(
  before: StoredTokens | undefined,
  request: RefreshRequest,
  options: RenewalOptions,
  secrets: Set<string | undefined>,
  progress: Progress,
): Promise<Success> {
  const { store, clock, timeoutMs, isCurrent, isSame, revoke, restore } = options
  await options.stored().catch(restore)
  const known = await read(store)
  // Somebody else renewed them, or signed out: presenting the old refresh token again would look like theft.
  if (known?.version !== before?.version || !isCurrent()) return { type: 'stored', stored: known }

  const from = instantOf(clock)
  // What is sent now may be cut off before its answer is there, and the refresh token would be used up for nothing.
  if (from.now - progress.startedAt > timeoutMs / 2)
    throw failure('TimeoutError', 'TIMEOUT', 'the lock was free too late to ask')
  let tokens: Tokens
  try {
    tokens = await askTwice(request, options)
  } catch (error) {
    if (readFailure(error, clock.date()).kind !== 'rejected') throw error
    // Perhaps somebody else was faster, and is about to store what they got.
    await new Promise<void>((resolve) => void clock.after(settleMs, resolve))
    const stored = await read(store)
    if (stored?.version === before?.version) throw error
    return { type: 'stored', stored }
  }
  progress.isAnswered = true
  // A store may quote what it could not write.
  secrets.add(tokens.accessToken).add(tokens.refreshToken)
  const discard = async (): Promise<void> => {
    // Nobody waits for it, and a token that cannot be revoked expires.
    await new Promise((resolve) => resolve(revoke?.(tokens))).catch(() => {})
  }
  if (before?.subject !== undefined && tokens.subject !== undefined && before.subject !== tokens.subject) {
    void discard()
    throw refreshRejected('the refresh gave the tokens of another subject')
  }
  if (!isCurrent()) {
    // With one refresh token, servers revoke all that came of one sign-in (RFC 7009 section 2.1).
    if (!isSame()) void discard()
    return { type: 'stored', stored: undefined }
  }

  const stored = storedTokens(tokens, from, before)
  try {
    if (await persist(stored, before?.version, store)) {
      if (isCurrent()) return { type: 'refreshed', stored }
      // Somebody signed out while the store was writing: what it wrote last must not be these.
      if (!isSame()) void discard()
      await restore()
      return { type: 'stored', stored: undefined }
    }
  } catch (error) {
    void discard()
    // The old refresh token is used up and the new one cannot be kept: half a session is none.
    throw refreshRejected('the new tokens could not be stored; see cause', error)
  }
  const others = await read(store)
  if (others?.session !== stored.session) void discard()
  // It would be asked for again at once, and so on.
  if (!others && !before) throw new Error('the store did not take the tokens, and has no others')
  return { type: 'stored', stored: others }
}

async function persist(stored: StoredTokens, version: string | undefined, store: TokenStore): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.replace(stored, version)
    } catch (error) {
      // It may have stored them and failed to say so.
      if ((await read(store).catch(() => undefined))?.version === stored.version) return true
      if (attempt === storeAttempts) throw error
    }
  }
}

/** What a store has. What is no token, such as what another program left there, is nothing. */
export async function read(store: TokenStore): Promise<StoredTokens | undefined> {
  const stored = await store.read()
  return hasAccessToken(stored) ? stored : undefined
}

/** Asks again, at once and with the same refresh token, where the answer may have been lost on its way. */
async function askTwice(request: RefreshRequest, { renewTokens, clock }: RenewalOptions): Promise<Tokens> {
  const start = clock.now()
  try {
    return checked(await renewTokens(request))
  } catch (error) {
    const isSoon = clock.now() - start < graceMs
    if (request.signal.aborted || !isSoon || !readFailure(error, clock.date()).isLost) throw error
    return checked(await renewTokens(request))
  }
}

function checked(tokens: Tokens): Tokens {
  if (hasAccessToken(tokens)) return tokens
  const problem = inDevelopment(() => 'there is no accessToken, a string, in the tokens') ?? 'accessToken'
  throw failure('OptionsError', 'BAD_OPTIONS', problem)
}

function refreshRejected(message: string, cause?: unknown): Error {
  return failure('RefreshRejectedError', 'REFRESH_REJECTED', message, cause)
}

/** As an error of the class of that name, of which {@link renew} would leave no more than this. */
function failure(name: string, code: string, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name, code })
}
