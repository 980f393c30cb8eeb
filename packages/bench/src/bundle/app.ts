/** The tokens of somebody. */
export interface Session {
  readonly accessToken: string
  readonly refreshToken: string
}

/** What an application is started with. The same `renew` for all, which does not count for any. */
export interface Settings {
  readonly url: string
  readonly wsUrl: string
  readonly session: Session
  readonly renew: (refreshToken: string) => Promise<Session>
}

/** What an application does with its client. */
export interface App {
  /** Asks who is there. @returns the name. */
  readonly viewer: () => Promise<string>
  /** Calls back with each event. Only the third application has it. */
  readonly listen?: (onEvent: (text: string) => void) => void
}

/** Each application exports one of these. */
export type Connect = (settings: Settings) => App

export const viewerQuery = 'query Viewer { viewer { name } }'
export const eventSubscription = 'subscription Events { event }'

/** What the server answers. */
export interface ViewerData {
  readonly viewer: { readonly name: string }
}

/** What the server sends. */
export interface EventData {
  readonly event: string
}
