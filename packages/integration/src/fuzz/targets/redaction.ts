import { redact, redactError } from '@graphlinks/core/redact'
import fc from 'fast-check'
import { wild } from '../inputs.ts'
import { fuzzTarget, must } from '../target.ts'

const words = [
  '%',
  '\\',
  '&',
  '\\u0041',
  '%41',
  '&#65;',
  '&amp;',
  '+',
  'token',
  '[redacted]',
  '\u001b[31m',
  '\n',
  'AAAA',
]

const hex = (character: string): string => character.charCodeAt(0).toString(16)
const spellings: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  json: (text) => JSON.stringify(text).slice(1, -1),
  unicode: (text) => text.replace(/[^]/g, (character) => `\\u${hex(character).padStart(4, '0')}`),
  url: encodeURIComponent,
  percent: (text) => text.replace(/[^]/g, (character) => `%${hex(character).padStart(2, '0')}`),
  form: (text) => new URLSearchParams({ a: text }).toString().slice(2),
  html: (text) => text.replace(/[^\w]/g, (character) => `&#${character.charCodeAt(0)};`),
}
const spelling = fc.constantFrom(...Object.keys(spellings))
// Visible ASCII, as credentials are; nothing that the link itself writes.
const secret = fc.stringMatching(/^[\x21-\x7e]{4,40}$/).filter((text) => !'[redacted]...'.includes(text))
// A context that is no escape itself, and that no escape can run into.
const context = fc.stringMatching(/^([a-z ]{0,20}[ ,:])?$/)

/** No text comes out with the secret in it, in whatever spelling it came; nor with what moves a cursor. */
export const redaction = fuzzTarget(
  'redaction',
  fc.record({
    secrets: fc.array(secret, { minLength: 1, maxLength: 3 }),
    spelled: fc.tuple(spelling, spelling),
    context: fc.tuple(context, context),
    noise: wild(words),
    maxLength: fc.oneof(fc.constant(256), fc.nat(300)),
  }),
  ({ secrets, spelled: [inner, outer], context: [before, after], noise, maxLength }) => {
    const known = new Set(secrets)
    const spell = (text: string): string => spellings[outer as 'url']!(spellings[inner as 'url']!(text))
    const said = before + secrets.map(spell).join(' , ') + after
    const clean = redact(known, said, 10_000)
    for (const each of secrets) {
      const isThere = clean.split('[redacted]').some((part) => part.includes(spell(each)))
      must(!isThere, `a secret that was spelled in ${inner} and ${outer} is in ${JSON.stringify(clean)}`)
    }
    const text = redact(known, noise + secrets.join(noise.slice(0, 20)) + noise, maxLength)
    for (const each of secrets)
      must(!text.split('[redacted]').some((part) => part.includes(each)), `a secret is in ${JSON.stringify(text)}`)
    // oxlint-disable-next-line no-control-regex
    must(!/[\x00-\x1f\x7f-\x9f]/.test(text), 'a control character is left')
    must(text.length <= maxLength + 3, `it has ${text.length} characters, and the limit is ${maxLength}`)
    const copy = redactError(known, Object.assign(new Error(noise + secrets[0]), { cause: { message: secrets[0] } }))
    const printed = [copy.message, copy.stack, (copy.cause as Error).message].join().replaceAll('Error', '')
    must(!printed.split('[redacted]').some((part) => part.includes(secrets[0] as string)), 'a cause has it')
  },
)
