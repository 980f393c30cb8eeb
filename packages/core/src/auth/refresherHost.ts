import type { TimeoutError } from '../errors.ts'
import type { AuthExpiredError, AuthQueueFullError, AuthRefreshError } from './sessionErrors.ts'
import type { Transition } from './sessionMachine.ts'
import type { SessionOptions } from './sessionOptions.ts'
import type { State } from './sessionState.ts'
import type { SessionStore } from './sessionStore.ts'

/** What others know as well, and is there once, however often the code that uses it was copied. */
interface SharedParts {
  readonly AuthExpiredError: typeof AuthExpiredError
  readonly AuthQueueFullError: typeof AuthQueueFullError
  readonly AuthRefreshError: typeof AuthRefreshError
  readonly TimeoutError: typeof TimeoutError
}

/** The token source, as its refresher sees it. */
export interface RefresherHost {
  readonly options: SessionOptions
  readonly parts: SharedParts
  readonly store: SessionStore
  readonly state: () => State
  readonly apply: (transition: Transition) => void
}
