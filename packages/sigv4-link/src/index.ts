export { sigv4Link } from './sigv4Link.ts'
export type { Sigv4LinkOptions } from './sigv4Link.ts'
export type { AwsCredentials } from './signer.ts'
