/** One reader of multipart responses. */
export interface Contestant {
  readonly name: string
  /** Reads all of a response. @returns how many payloads there were. */
  readonly read: (response: Response) => Promise<number>
  /** Whether its time grows with the square of a part, so that there is only time for a few rounds. */
  readonly isQuadratic?: boolean
}

/** Where the clients send what is answered in memory. */
export const url = 'https://api.example.com/graphql'

/** What the clients send: each part of the response is one event. */
export const subscription = 'subscription Events { event { id } }'
