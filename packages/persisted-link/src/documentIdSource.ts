import type { Operation } from '@graphlinks/core'

/** Gives the id that the server knows a document by, or nothing, now or later. */
export type DocumentIdSource = (operation: Operation) => string | undefined | Promise<string | undefined>
