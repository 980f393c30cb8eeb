/** Two `Cookie` headers in one. Of two cookies of one name, the explicit one stays. */
export function mergeCookies(fromJar: string, explicit: string): string {
  const given = pairsOf(explicit)
  const names = new Set(given.map(nameOf))
  return [...pairsOf(fromJar).filter((pair) => !names.has(nameOf(pair))), ...given].join('; ')
}

function pairsOf(header: string): string[] {
  return header.split(';').flatMap((pair) => pair.trim() || [])
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0] as string
}
