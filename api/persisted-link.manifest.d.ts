import { Operation } from '@graphlinks/core';

/** Gives the id that the server knows a document by, or nothing, now or later. */
type DocumentIdSource = (operation: Operation) => string | undefined | Promise<string | undefined>;

/** One operation in a manifest of Apollo. */
interface ManifestOperation {
    readonly id: string;
    readonly name: string;
    /** `query`, `mutation` or `subscription`. */
    readonly type: string;
    readonly body: string;
}
/**
 * What a build published: texts by id, as GraphQL Code Generator and Relay write it, or Apollo's list of operations.
 */
type Manifest = Readonly<Record<string, string>> | {
    readonly format: string;
    readonly version: number;
    readonly operations: readonly ManifestOperation[];
};
/** A manifest, or the module that a JSON file is imported as. */
type LoadedManifest = Manifest | {
    readonly default: Manifest;
};
/**
 * Ids from the manifest that a build wrote. A document is found by its text as it is, and else by the name of its
 * operation, which must be the only one of that name then.
 *
 * @param manifest - or a function that loads it, which is called with the first operation, and again where that failed.
 *
 * @throws `OptionsError` when it is no manifest.
 *
 * @example
 * ```ts
 * import { persistedLink } from '@graphlinks/persisted-link'
 * import { manifestId } from '@graphlinks/persisted-link/manifest'
 *
 * const manifest = { 'sha256:ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38': '{__typename}' }
 * export const link = persistedLink({ documentId: manifestId(manifest) })
 * ```
 */
declare function manifestId(manifest: Manifest | (() => LoadedManifest | Promise<LoadedManifest>)): DocumentIdSource;

export { manifestId };
export type { LoadedManifest, Manifest, ManifestOperation };
