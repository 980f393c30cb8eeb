/** Ids from a manifest. An entry of its own, for those who have one. */
export { manifestId } from './manifestId.ts'
export type { LoadedManifest, Manifest, ManifestOperation } from './manifestId.ts'
