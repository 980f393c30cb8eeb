/** The heading under which a page shows a link at work, with all that it prints. */
export const shown = 'See it work'

/** What a snippet under that heading says that it prints: its comments, of which it has no others. */
export function printedBy(code) {
  return [...code.matchAll(/(?:^|\s)\/\/ (.*)$/gm)].map(([, text]) => text).join('\n')
}
