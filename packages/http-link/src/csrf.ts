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

/**
 * The headers of a request whose content is no JSON: they do not say that it is, which a server may refuse where there is
 * no content, and whoever writes a form knows better. Browsers would send such a request for another site without asking
 * (Fetch section 4.8), so there is the header that makes them ask.
 */
export function headersWithoutJson(
  headers: ReadonlyMap<string, string>,
  csrf: CsrfHeader = 'apollo',
): Map<string, string> {
  const changed = new Map(headers)
  changed.delete('content-type')
  const wanted: Readonly<Record<string, string>> = typeof csrf === 'string' ? presets[csrf] : csrf || {}
  for (const [name, value] of Object.entries(wanted)) {
    if (!changed.has(name.toLowerCase())) changed.set(name.toLowerCase(), value)
  }
  return changed
}
