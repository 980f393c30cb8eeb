/** Time as an option, so that tests of time need no sleeping. */
interface Clock {
    /** Milliseconds of a clock that never goes back. Only differences mean anything. */
    now(): number;
    /** Milliseconds since 1970. People and networks set this clock, so it may jump; it also runs while a machine sleeps. */
    date(): number;
    /** Runs `callback` once after `delayMs` milliseconds. @returns a function that cancels it, as often as you like. */
    after(delayMs: number, callback: () => void): () => void;
    /** As `after`, but does not keep a process alive that has nothing else to do. */
    inBackground(delayMs: number, callback: () => void): () => void;
}

/** Options of {@link fileToken}. */
interface FileTokenOptions {
    /** How old what was read may be before the file is read again, in milliseconds. Default: 60,000 (Kubernetes). */
    readonly maxAgeMs?: number | undefined;
    /** Time for `maxAgeMs`. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * A token that lives in a file and is replaced there, such as a mounted service account token. White space around it is
 * cut off. Calls at the same time share one read; a read that fails is not remembered.
 *
 * @throws {@link OptionsError} when `maxAgeMs` is no number of milliseconds.
 *
 * @example
 * ```ts
 * import { bearerLink } from '@graphlinks/core'
 * import { fileToken } from '@graphlinks/core/node'
 *
 * export const auth = bearerLink(fileToken('/var/run/secrets/kubernetes.io/serviceaccount/token'))
 * ```
 */
declare function fileToken(path: string | URL, { maxAgeMs, clock }?: FileTokenOptions): () => Promise<string>;

export { fileToken };
export type { FileTokenOptions };
