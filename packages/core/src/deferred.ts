/**
 * For authors of terminal links: what files behind an `import()` need of core and the rest of a link does not. These are the
 * functions of `@graphlinks/core`, as copies: bundlers put what two chunks share into the first, which everybody loads.
 */
export { withCredential, withExtensions } from './copies.ts'
export { leaseOf } from './credentialLease.ts'
export { identityOf } from './credentials.ts'
export { credentialSources, renewCredentials } from './credentialSource.ts'
export { exchangesOf } from './exchange.ts'
export { onWake } from './wakeEvents.ts'
