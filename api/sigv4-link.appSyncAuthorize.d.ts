import { Clock } from '@graphlinks/core';

/** Credentials of AWS, as its SDK has them. */
interface AwsCredentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    /** Only of temporary credentials. */
    readonly sessionToken?: string | undefined;
}

/** Signatures for AppSync's real-time protocol. An entry of its own. */

/** Options of {@link appSyncAuthorize}. */
interface AppSyncAuthorizeOptions {
    /** The credentials, or a function that gives those of now, such as a provider of the AWS SDK. */
    readonly credentials: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>);
    /** Where the API is, such as `'eu-west-1'`. */
    readonly region: string;
    /** The time of signatures. Default: the platform's. */
    readonly clock?: Clock | undefined;
}
/** What the real-time protocol of AppSync wants to be signed: the connection, or one subscription. */
interface AppSyncSignable {
    readonly url: string;
    readonly body: string;
    /** The host of the API, and the headers that links attached. */
    readonly headers: Readonly<Record<string, string>>;
}
/**
 * Signs connections and subscriptions of AWS AppSync's real-time protocol with credentials of AWS: the `authorize` of
 * `appSyncProtocol`. Each is signed when it is made, those after a loss of the connection included.
 *
 * @throws {@link OptionsError} when an option is no good. What a function gives is checked when it is used.
 *
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html
 *
 * @example
 * ```ts
 * import { appSyncAuthorize } from '@graphlinks/sigv4-link/appsync'
 * import { wsLink } from '@graphlinks/ws-link'
 * import { appSyncProtocol } from '@graphlinks/ws-link/appsync'
 *
 * const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-key' }
 * export const link = wsLink({
 *   url: 'https://abc.appsync-api.eu-west-1.amazonaws.com/graphql',
 *   protocol: appSyncProtocol({ authorize: appSyncAuthorize({ credentials, region: 'eu-west-1' }) }),
 * })
 * ```
 */
declare function appSyncAuthorize(options: AppSyncAuthorizeOptions): (request: AppSyncSignable) => Promise<Readonly<Record<string, string>>>;

export { appSyncAuthorize };
export type { AppSyncAuthorizeOptions, AppSyncSignable };
