// Names whose values are the same for every user, or mean nothing outside one request.
const harmless =
  /^(accept(-encoding|-language)?|apollographql-client-(name|version)|(apollo|graphql)-require-preflight|baggage|cache-control|content-type|idempotency-key|origin|prefer|priority|trace(parent|state)|user-agent|x-(correlation|request)-id)$/

/** Whether a header of this name says nothing about the user, so that it may be shown. */
export function isHarmless(name: string): boolean {
  return harmless.test(name)
}
