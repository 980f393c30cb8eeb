// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.6: a name, then a token or a quoted string, which may hold any
// separator. A comma ends the value of a token: some servers send a list.
const parameters = /;[ \t]*([^\s;,="]+)[ \t]*=[ \t]*(?:"((?:\\.|[^"\\])*)"|([^;,]*))/g

/**
 * The value of a parameter of a content type, in any place and whatever the case of its name. The first counts where
 * there are two.
 */
export function parameterOf(contentType: string, name: string): string | undefined {
  for (const [, key, quoted, token] of contentType.matchAll(parameters)) {
    if (key?.toLowerCase() === name.toLowerCase()) return quoted?.replace(/\\(.)/g, '$1') ?? token?.trim()
  }
  return undefined
}
