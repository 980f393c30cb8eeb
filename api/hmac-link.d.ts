import { CredentialOptions, Provided, Link } from '@graphlinks/core';

/** A secret that client and server share. */
interface HmacKey {
    /** Tells the server which key it is (`keyid`). Everybody may see it. */
    readonly id: string;
    /** A text stands for its UTF-8 bytes. A good one has 32 random bytes. */
    readonly secret: string | Uint8Array;
}
/** Options of {@link hmacLink}. */
interface HmacLinkOptions extends CredentialOptions {
    /** The key, or a function that gives the one to sign with now. */
    readonly key: Provided<HmacKey>;
    /**
     * What is signed, in this order: `@method`, `@target-uri`, `@authority`, `@path`, `@query` (RFC 9421 section
     * 2.2), and names of headers, each once; those that a request does not have are left out. `content-digest` stands for the body.
     * Default: `['@method', '@target-uri', 'content-type', 'content-digest']`.
     */
    readonly components?: readonly string[] | undefined;
    /** Names the signature among others of the same request. Default: `'sig1'`. */
    readonly label?: string | undefined;
    /** Says which application signs, where the server asks for it (`tag`). Default: none. */
    readonly tag?: string | undefined;
    /** Makes a text that is never made again, for each request. Default: 16 random bytes, as Base64. */
    readonly nonce?: (() => string) | undefined;
    /**
     * How far the server's clock may differ before a refusal (401 or 403) is blamed on it, in milliseconds; the request is
     * then sent once more, with the server's time. `Infinity`: never. Default: 300,000.
     */
    readonly maxSkewMs?: number | undefined;
}
/**
 * Signs each request with a shared secret (HTTP Message Signatures with HMAC using SHA-256): its method, its URL and its
 * body, with the time and a nonce, just before it is sent, and anew whenever it is sent again.
 *
 * A `signature` header of the request or the call wins: nothing is then signed.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. What a function gives is checked on
 * each operation, which fails with a {@link CredentialError} or `TimeoutError`.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9421
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { hmacLink } from '@graphlinks/hmac-link'
 * import { httpLink } from '@graphlinks/http-link'
 *
 * export const link = chain(
 *   hmacLink({ key: { id: 'shop-7', secret: 'secret-of-the-shop' } }),
 *   httpLink({ url: 'https://api.example.com/graphql' }),
 * )
 * ```
 */
declare function hmacLink(options: HmacLinkOptions): Link;

export { hmacLink };
export type { HmacKey, HmacLinkOptions };
