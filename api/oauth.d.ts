import { RefreshRequest, Tokens, Clock, GraphLinksError, ErrorDetails } from '@graphlinks/core';

/** A private `CryptoKey` that signs, as `crypto.subtle.importKey` and `generateKey` give it. */
interface SigningKey {
    readonly type: string;
    readonly algorithm: {
        readonly name: string;
    };
    readonly usages: readonly string[];
    readonly extractable: boolean;
}
/** A text that nobody else may see, or a function that gives or promises it, which is called for each request. */
type OAuthSecret = string | (() => string | Promise<string>);
/**
 * How a client shows who it is (RFC 6749 section 2.3):
 *
 * - `'none'`: not at all. For apps that people have in their hands, where a secret would be none.
 * - a secret, in the `Authorization` header (`'basic'`, the default, which every server has) or in the body (`'post'`).
 *   A function is asked for each request.
 * - a key, which signs an assertion for each request (`private_key_jwt`, RFC 7523). It needs `issuer`.
 */
type OAuthClientAuth = 'none' | {
    readonly secret: OAuthSecret;
    readonly method?: 'basic' | 'post' | undefined;
    readonly key?: undefined;
} | {
    readonly key: SigningKey;
    readonly keyId?: string | undefined;
    readonly secret?: undefined;
};

/** Options of both grants beside the address of the server. */
interface OAuthSettings {
    readonly clientId: string;
    /** How the client shows who it is. Default: `'none'`, a public client. */
    readonly clientAuth?: OAuthClientAuth | undefined;
    /** What the tokens are to allow: words with spaces between them, or a list. Default: what the server decides. */
    readonly scope?: string | readonly string[] | undefined;
    /** The URLs of the services that the tokens are for (RFC 8707). Default: what the server decides. */
    readonly resource?: string | readonly string[] | undefined;
    /** Further parameters of the request, such as `audience`. */
    readonly parameters?: Readonly<Record<string, string>> | undefined;
    /** Where to look for the server's metadata: OpenID Connect Discovery, or RFC 8414. Default: `'oidc'`. */
    readonly discovery?: 'oidc' | 'oauth2' | undefined;
    /** Allows http to other machines, for tests in a closed network. Default: `false`; this machine is always allowed. */
    readonly allowInsecure?: boolean | undefined;
    /** Default: the `fetch` that is global when a request is sent. */
    readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}
/**
 * Options of `oauthRefresh` and `oauthClientCredentials`. With `issuer` alone, the token endpoint is looked up in the
 * server's metadata before the first request; `tokenEndpoint` names it, and nothing is looked up.
 */
type OAuthOptions = OAuthSettings & ({
    readonly issuer: string | URL;
    readonly tokenEndpoint?: string | URL | undefined;
} | {
    readonly tokenEndpoint: string | URL;
    readonly issuer?: string | URL | undefined;
});

/**
 * A `refresh` function for `createTokenSource`: renews tokens with the refresh token of the session, at an OAuth 2.0
 * authorization server (RFC 6749 section 6). Needs the package `oauth4webapi`.
 *
 * A public client (`clientAuth: 'none'`, the default) must have refresh tokens that rotate, or that are bound to a key
 * (RFC 9700 section 2.2.2): see to it at the server. A token that the server replaced is never presented again.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `MissingPackageError`, `RefreshRejectedError` where the session has
 * no refresh token, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { chain, createTokenSource, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { oauthRefresh } from '@graphlinks/oauth'
 *
 * export const session = createTokenSource({
 *   refresh: oauthRefresh({ issuer: 'https://id.example.com', clientId: 'mobile-app' }),
 * })
 * export const link = chain(tokenRefreshLink(session), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function oauthRefresh(options: OAuthOptions): (request: Pick<RefreshRequest, 'refreshToken' | 'signal'>) => Promise<Tokens>;

/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: gets tokens for the client itself, with nobody
 * signed in, from an OAuth 2.0 authorization server (RFC 6749 section 4.4). Needs the package `oauth4webapi`. For
 * servers: such a client has a secret or a key, and a browser can keep no secret.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `MissingPackageError`, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { chain, tokenRefreshLink } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { oauthClientCredentials } from '@graphlinks/oauth'
 *
 * const fetchToken = oauthClientCredentials({
 *   issuer: 'https://id.example.com',
 *   clientId: 'nightly-report',
 *   clientAuth: { secret: () => process.env['CLIENT_SECRET'] ?? '' },
 *   scope: 'orders:read',
 * })
 * export const link = chain(tokenRefreshLink({ fetchToken }), httpLink({ url: 'https://api.example.com/graphql' }))
 * ```
 */
declare function oauthClientCredentials(options: OAuthOptions): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens>;

/** Options of {@link oauthTokenExchange} beside those of the other grants. */
interface OAuthExchangeSettings {
    /** The token that is exchanged, or a function that gives the one of now: it says in whose name tokens are asked for. */
    readonly subjectToken: OAuthSecret;
    /** What the subject token is. Default: `'urn:ietf:params:oauth:token-type:access_token'`. */
    readonly subjectTokenType?: string | undefined;
}
/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: exchanges a token for one that another service
 * takes, in the name of the same user (RFC 8693). Needs the package `oauth4webapi`. `audience`, `requested_token_type` and
 * the token of an actor go into `parameters`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `CredentialError`, `MissingPackageError`, or the reason of its signal.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1
 *
 * @example
 * ```ts
 * import { tokenRefreshLink } from '@graphlinks/core'
 * import { oauthTokenExchange } from '@graphlinks/oauth'
 *
 * // One link for each user: whoever shares it shares the token.
 * export const onBehalfOf = (subjectToken: string) =>
 *   tokenRefreshLink({
 *     fetchToken: oauthTokenExchange({
 *       issuer: 'https://id.example.com',
 *       clientId: 'gateway',
 *       clientAuth: { secret: () => process.env['CLIENT_SECRET'] ?? '' },
 *       subjectToken,
 *       parameters: { audience: 'orders' },
 *     }),
 *   })
 * ```
 */
declare function oauthTokenExchange(options: OAuthOptions & OAuthExchangeSettings): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens>;

/** Options of {@link oauthJwtBearer} beside those of the other grants. */
interface OAuthJwtSettings {
    /** The signed JWT that says in whose name tokens are asked for, or a function that makes one for each request. */
    readonly assertion: OAuthSecret;
}
/**
 * A `fetchToken` function for `createTokenSource` and `tokenRefreshLink`: gets tokens for a JWT that you or somebody whom
 * the server trusts has signed (RFC 7523 section 2.1), as service accounts do. Needs the package `oauth4webapi`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, `CredentialError`, `MissingPackageError`, or the reason of its signal.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.1
 *
 * @example
 * ```ts
 * import { tokenRefreshLink } from '@graphlinks/core'
 * import { oauthJwtBearer } from '@graphlinks/oauth'
 *
 * // Made by jose, for instance, with the key of the service account.
 * export const serviceAccount = (sign: () => Promise<string>) =>
 *   tokenRefreshLink({
 *     fetchToken: oauthJwtBearer({ issuer: 'https://id.example.com', clientId: 'nightly-report', assertion: sign }),
 *   })
 * ```
 */
declare function oauthJwtBearer(options: OAuthOptions & OAuthJwtSettings): (request: Pick<RefreshRequest, 'signal'>) => Promise<Tokens>;

/** What somebody needs in order to sign in on another device (RFC 8628 section 3.2). */
interface DeviceCode {
    /** To be typed in at `verificationUri`. */
    readonly userCode: string;
    readonly verificationUri: string;
    /** The same with the code in it, for a QR code, where the server has one. */
    readonly verificationUriComplete: string | undefined;
    /** How long the code is good for, in seconds. */
    readonly expiresInSeconds: number;
}
/** Options of {@link oauthDeviceCode} beside those of the other grants. */
interface OAuthDeviceSettings {
    /** Where codes come from. Default: the `device_authorization_endpoint` in the metadata of `issuer`. */
    readonly deviceEndpoint?: string | URL | undefined;
    /** Shows the code. What it throws ends the sign-in. */
    readonly onCode: (code: DeviceCode) => void | Promise<void>;
    /** Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/**
 * Signs somebody in on a device without a browser or a keyboard: a television, a command line (RFC 8628). Gives a function
 * that shows a code, and waits until they have typed it in elsewhere. Needs the package `oauth4webapi`.
 *
 * @throws {@link OptionsError} when an option is no good, {@link InsecureTransportError} when an address is not https.
 * The function rejects with an {@link OAuthError}, whose `error` is `access_denied` or `expired_token` where nobody signed
 * in, with `MissingPackageError`, what `onCode` threw, or the reason of its signal.
 *
 * @example
 * ```ts
 * import { createTokenSource } from '@graphlinks/core'
 * import { oauthDeviceCode, oauthRefresh } from '@graphlinks/oauth'
 *
 * const server = { issuer: 'https://id.example.com', clientId: 'tv' }
 * export const session = createTokenSource({ refresh: oauthRefresh(server) })
 * const signIn = oauthDeviceCode({
 *   ...server,
 *   scope: 'openid offline_access',
 *   onCode: ({ userCode, verificationUri }) => console.log(`Type in ${userCode} at ${verificationUri}`),
 * })
 * export const start = async (): Promise<void> => session.set(await signIn())
 * ```
 */
declare function oauthDeviceCode(options: OAuthOptions & OAuthDeviceSettings): (request?: {
    readonly signal?: AbortSignal | undefined;
}) => Promise<Tokens>;

/** What an {@link OAuthError} keeps. */
interface OAuthErrorDetails extends ErrorDetails {
    readonly error?: string | undefined;
    readonly status?: number | undefined;
    readonly retryAfter?: string | null | undefined;
}
/**
 * An authorization server gave no tokens: it refused, was overloaded, could not be reached, or answered with something
 * that is no token response. A token source reads the fields below, and decides by them whether the session is over.
 *
 * @example
 * ```ts
 * import { OAuthError } from '@graphlinks/oauth'
 *
 * export const mustRegister = (error: unknown): boolean =>
 *   OAuthError.is(error) && error.error === 'unauthorized_client'
 * ```
 */
declare class OAuthError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
    /** The server's word for it, such as `invalid_grant` (RFC 6749 section 5.2), where it gave one. */
    readonly error: string | undefined;
    /** The HTTP status of the answer, where there was a whole one. */
    readonly status: number | undefined;
    /** The `Retry-After` header as it came: seconds, or an HTTP date. */
    readonly retryAfter: string | null;
    constructor(message: string, details?: OAuthErrorDetails);
}
/**
 * A package that is needed is not installed. The message has the command that installs it.
 *
 * @example
 * ```ts
 * import { MissingPackageError } from '@graphlinks/oauth'
 *
 * export const isIncomplete = (error: unknown): boolean => MissingPackageError.is(error)
 * ```
 */
declare class MissingPackageError extends GraphLinksError {
    static readonly name: string;
    static readonly code: string;
}

export { MissingPackageError, OAuthError, oauthClientCredentials, oauthDeviceCode, oauthJwtBearer, oauthRefresh, oauthTokenExchange };
export type { DeviceCode, OAuthClientAuth, OAuthDeviceSettings, OAuthErrorDetails, OAuthExchangeSettings, OAuthJwtSettings, OAuthOptions, OAuthSecret, OAuthSettings, SigningKey };
