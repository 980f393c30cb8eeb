import { CredentialOptions, Provided, Link } from '@graphlinks/core';

/** Credentials of AWS, as its SDK has them. */
interface AwsCredentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** Only of temporary credentials. */
    readonly sessionToken?: string | undefined;
}

/** Options of {@link sigv4Link}. */
interface Sigv4LinkOptions extends CredentialOptions {
    /** The credentials, or a function that gives those of now, such as a provider of the AWS SDK. */
    readonly credentials: Provided<AwsCredentials>;
    /** Where the API is, such as `'eu-west-1'`. */
    readonly region: string;
    /** What the API is: `'appsync'`; `'execute-api'`, which is API Gateway; `'lambda'`, a function's own URL; ... */
    readonly service: 'appsync' | 'execute-api' | (string & {});
}
/**
 * Signs each request with credentials of AWS (Signature Version 4), just before it is sent, and anew whenever it is sent
 * again. Where AWS says that the clock of this machine is wrong, the request is sent once more with the right time.
 *
 * It needs `@smithy/signature-v4`, which is loaded with the first request. An `authorization` header of the request or
 * the call wins: nothing is then signed.
 *
 * @throws {@link OptionsError} when an option is no good, when the link is built. What a function gives is checked on
 * each operation, which fails with a {@link CredentialError} or `TimeoutError`; with a `LinkError` where the library is
 * not installed.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 *
 * @example
 * ```ts
 * import { chain } from '@graphlinks/core'
 * import { httpLink } from '@graphlinks/http-link'
 * import { sigv4Link } from '@graphlinks/sigv4-link'
 *
 * const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key' }
 * export const link = chain(
 *   sigv4Link({ credentials, region: 'eu-west-1', service: 'appsync' }),
 *   httpLink({ url: 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql' }),
 * )
 * ```
 */
declare function sigv4Link(options: Sigv4LinkOptions): Link;

export { sigv4Link };
export type { AwsCredentials, Sigv4LinkOptions };
