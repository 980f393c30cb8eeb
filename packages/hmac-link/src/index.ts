export { hmacLink } from './hmacLink.ts'
export type { HmacKey, HmacLinkOptions } from './hmacLink.ts'
