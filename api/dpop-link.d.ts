import { CredentialOptions, Provided, Link, Clock } from '@graphlinks/core';

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
/** A pair of keys that was made elsewhere: a `CryptoKeyPair`. */
interface GivenKeyPair {
    readonly privateKey: GivenKey;
    readonly publicKey: GivenKey;
}
/** A `CryptoKey`. */
interface GivenKey {
    readonly algorithm: {
        readonly name: string;
    };
    readonly extractable: boolean;
    readonly type: string;
}
/**
 * Makes a key for DPoP (ES256), which never leaves the platform's cryptography. It lasts as long as the program; browsers
 * keep one with `@graphlinks/dpop-link/indexeddb`.
 *
 * @param pair - one that was made elsewhere. Default: a new one.
 * @throws {@link OptionsError} when a given one is not of ECDSA with P-256, or its private part can be read.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.2
 *
 * @example
 * ```ts
 * import { createDpopKey } from '@graphlinks/dpop-link'
 *
 * const key = await createDpopKey()
 * console.log(key.thumbprint.length) // 43
 * ```
 */
declare function createDpopKey(pair?: GivenKeyPair): Promise<DpopKey>;

/** Options of {@link dpopLink}. */
interface DpopLinkOptions extends CredentialOptions {
    /** The key that the tokens are bound to, of {@link createDpopKey}; or a function that gives it. */
    readonly key: Provided<DpopKey>;
    /** Makes a text that is never made again, for each proof. Default: 16 random bytes, as Base64url. */
    readonly uniqueId?: (() => string) | undefined;
    /**
     * How far the server's clock may differ before a refusal of a proof is blamed on it, in milliseconds; the request is
     * then sent once more, with the server's time. `Infinity`: never. Default: 10,000.
     */
    readonly maxSkewMs?: number | undefined;
}
/**
 * Sends a proof with each access token that needs one, that whoever sends the token has the key it was issued for
 * (DPoP): a token that is stolen alone is of no use. The token comes from another link, with the scheme `DPoP`. Each
 * proof is for one request, made just before it is sent. A server that wants a nonce in it gets one.
 *
 * A `dpop` header of the request or the call wins: no proof is then made.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. What a function gives is checked on
 * each operation, which fails with a {@link CredentialError} or `TimeoutError`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449
 *
 * @example
 * ```ts
 * import { bearerLink, chain } from '@graphlinks/core'
 * import { createDpopKey, dpopLink } from '@graphlinks/dpop-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * const key = await createDpopKey()
 * export const link = chain(
 *   bearerLink('token', { scheme: 'DPoP' }),
 *   dpopLink({ key }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function dpopLink(options: DpopLinkOptions): Link;

/** Options of {@link dpopFetch}. */
interface DpopFetchOptions {
    /** The key that tokens are to be bound to, of {@link createDpopKey}; or a function that gives it. */
    readonly key: DpopKey | (() => DpopKey | Promise<DpopKey>);
    /** Default: the `fetch` that is global when a request is sent. */
    readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
    /** The time of proofs. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * A `fetch` with a proof in each request that needs one (DPoP): those for tokens, which are then bound to the key, and
 * those that carry a token with the scheme `DPoP`. What the server says of its nonces is heeded. It is for the functions
 * that sign in and renew tokens; operations have `dpopLink`.
 *
 * @throws {@link OptionsError} when an option is no good. Requests fail as `fetch` does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 *
 * @example
 * ```ts
 * import { createTokenSource } from '@graphlinks/core'
 * import { createDpopKey, dpopFetch } from '@graphlinks/dpop-link'
 * import { oauthRefresh } from '@graphlinks/oauth'
 *
 * const key = await createDpopKey()
 * export const session = createTokenSource({
 *   refresh: oauthRefresh({ issuer: 'https://id.example.com', clientId: 'mobile-app', fetch: dpopFetch({ key }) }),
 * })
 * ```
 */
declare function dpopFetch(options: DpopFetchOptions): (url: string | URL, init?: RequestInit) => Promise<Response>;

export { createDpopKey, dpopFetch, dpopLink };
export type { DpopFetchOptions, DpopKey, DpopKeyPart, DpopLinkOptions, GivenKey, GivenKeyPair };
