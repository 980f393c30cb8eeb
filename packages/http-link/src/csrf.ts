/** The header that CSRF prevention asks of requests that need no preflight; `false` for none. */
export type CsrfHeader = 'apollo' | 'yoga' | 'hot-chocolate' | 'draft' | Readonly<Record<string, string>> | false

const presets = {
  // https://www.apollographql.com/docs/apollo-server/security/cors#preventing-cross-site-request-forgery-csrf
  apollo: { 'apollo-require-preflight': 'true' },
  // https://the-guild.dev/graphql/yoga-server/docs/features/csrf-prevention
  yoga: { 'x-graphql-yoga-csrf': '1' },
  // https://chillicream.com/docs/hotchocolate/v15/server/files
  'hot-chocolate': { 'graphql-preflight': '1' },
  // GraphQL over HTTP, on cross-site request forgery
  draft: { 'graphql-require-preflight': '1' },
}

/** Adds the header that makes a browser ask before it sends a request for another site (Fetch section 4.8). */
export function withCsrfHeader(headers: Map<string, string>, csrf: CsrfHeader = 'apollo'): Map<string, string> {
  const wanted: Readonly<Record<string, string>> = typeof csrf === 'string' ? presets[csrf] : csrf || {}
  for (const [name, value] of Object.entries(wanted)) {
    if (!headers.has(name.toLowerCase())) headers.set(name.toLowerCase(), value)
  }
  return headers
}
