/** The part of a key, as far as types need to know: a `CryptoKey`. */
interface DpopKeyPart {
    readonly algorithm: {
        readonly name: string;
        readonly namedCurve?: string;
    };
    readonly extractable: boolean;
    readonly type: 'private' | 'public' | 'secret';
    readonly usages: ('sign' | 'verify')[];
}
/**
 * A key that tokens are bound to: a `CryptoKeyPair`, with what else proofs need. Nobody can read its private part, this
 * program included.
 */
interface DpopKey {
    readonly privateKey: DpopKeyPart;
    readonly publicKey: DpopKeyPart;
    /** The public key as proofs carry it (RFC 7517). */
    readonly publicJwk: Readonly<Record<'kty' | 'crv' | 'x' | 'y', string>>;
    /** Tells the key from others (RFC 7638): what access tokens name as `jkt`. */
    readonly thumbprint: string;
}

/** A key that a browser keeps. An entry of its own. */

/** Which key is meant. */
interface IndexedDbKeyOptions {
    /** One name for each session that is to have a key of its own. Default: `'default'`. */
    readonly name?: string | undefined;
    /** Default: the `indexedDB` that is global when the key is asked for. */
    readonly indexedDB?: IDBFactory | undefined;
}
/**
 * The key of this browser for this site: the same after a reload, and in every tab. It is made when it is first asked
 * for. Scripts of the site can use it, and nobody can read its private part.
 *
 * @throws what IndexedDB fails with, as in a private window of some browsers: `createDpopKey` makes one that lasts as long
 * as the page.
 *
 * @example
 * ```ts
 * import { createDpopKey, dpopLink } from '@graphlinks/dpop-link'
 * import { indexedDbKey } from '@graphlinks/dpop-link/indexeddb'
 *
 * const key = 'indexedDB' in globalThis ? indexedDbKey() : createDpopKey()
 * export const proofs = dpopLink({ key: () => key })
 * ```
 */
declare function indexedDbKey({ name, indexedDB }?: IndexedDbKeyOptions): Promise<DpopKey>;
/**
 * Throws the key away, for instance when somebody signs out: tokens that are bound to it are of no use any more.
 *
 * @throws what IndexedDB fails with.
 *
 * @example
 * ```ts
 * import { forgetIndexedDbKey } from '@graphlinks/dpop-link/indexeddb'
 *
 * export const onSignedOut = (): Promise<void> => forgetIndexedDbKey()
 * ```
 */
declare function forgetIndexedDbKey({ name, indexedDB }?: IndexedDbKeyOptions): Promise<void>;

export { forgetIndexedDbKey, indexedDbKey };
export type { IndexedDbKeyOptions };
