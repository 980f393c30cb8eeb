import { inspect } from 'node:util'
import { secretCanary } from '@graphlinks/testing'
import * as core from './index.ts'
import {
  createOperation,
  GraphLinksError,
  OptionsError,
  Secret,
  withCredential,
  withHeader,
  WiringError,
} from './index.ts'

const classes = Object.values(core).filter(
  (value): value is typeof GraphLinksError =>
    typeof value === 'function' && value.prototype instanceof GraphLinksError && value !== core.GraphQLResultError,
)

describe('K-8 errors are one family', () => {
  test('K-8 each class has a name and a code of its own, and keeps cause, link and operationName', () => {
    expect(classes.length).toBeGreaterThan(9)
    const codes = new Set(['GRAPHLINKS', ...classes.map(({ code }) => code)])
    expect(codes.size).toBe(classes.length + 1)
    const names = new Set(classes.map(({ name }) => name))
    expect(names.size).toBe(classes.length)
    for (const name of names) expect(name).toMatch(/^[A-Z]\w+Error$/)
    for (const Class of classes) {
      const cause = new TypeError('inner')
      const error = new Class('it went wrong', { link: 'someLink', operationName: 'Op', cause })
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({ name: Class.name, code: Class.code, link: 'someLink', operationName: 'Op', cause })
      expect(error.message).toBe('someLink, operation Op: it went wrong')
      expect(error.stack).toContain('it went wrong')
      expect(Class.is(error)).toBe(true)
      expect(GraphLinksError.is(error)).toBe(true)
      for (const Other of classes) expect(Other.is(error)).toBe(Other === Class)
    }
  })

  test('K-8 the sentence has what is known, and a cause is there only when it was given', () => {
    expect(new GraphLinksError('it').message).toBe('it')
    expect(new GraphLinksError('it', { link: 'a' }).message).toBe('a: it')
    expect(new GraphLinksError('it', { operationName: 'B' }).message).toBe('operation B: it')
    expect('cause' in new GraphLinksError('it')).toBe(false)
    expect('cause' in new GraphLinksError('it', { link: 'a' })).toBe(false)
    expect(new GraphLinksError('it', { cause: undefined })).toHaveProperty('cause', undefined)
  })

  test('K-8 the family is known by a symbol that all versions share, and by a code of its own', () => {
    const error = new GraphLinksError('it')
    expect([error.name, error.code]).toEqual(['GraphLinksError', 'GRAPHLINKS'])
    const brand = Symbol.for('graphlinks.error')
    for (const Class of [GraphLinksError, ...classes]) expect(Reflect.get(Class, brand)).toBe(true)
    class GraphQLClientError extends Error {}
    expect(GraphLinksError.is(new GraphQLClientError('it'))).toBe(false)
    expect(GraphLinksError.is(Object.create(null))).toBe(false)
  })

  test('K-8 is() holds for nothing else', () => {
    for (const value of [
      undefined,
      null,
      'BAD_OPTIONS',
      {},
      new Error('x'),
      { code: 'BAD_OPTIONS', name: 'OptionsError' },
      () => {},
    ]) {
      expect(GraphLinksError.is(value)).toBe(false)
      expect(OptionsError.is(value)).toBe(false)
    }
  })

  test('K-8 is() works across duplicate installs, where instanceof does not', () => {
    let copy: typeof core | undefined
    jest.isolateModules(() => {
      copy = jest.requireActual<typeof core>('./index.ts')
    })
    expect(copy?.OptionsError).not.toBe(OptionsError)
    const foreign = new (copy as typeof core).OptionsError('from the other copy')
    expect(foreign).not.toBeInstanceOf(OptionsError)
    expect(GraphLinksError.is(foreign)).toBe(true)
    expect(OptionsError.is(foreign)).toBe(true)
    expect(WiringError.is(foreign)).toBe(false)
    expect(copy?.OptionsError.is(new OptionsError('from this one'))).toBe(true)
  })

  test('K-8 operations of one copy work in links of another', async () => {
    let copy: typeof core | undefined
    jest.isolateModules(() => {
      copy = jest.requireActual<typeof core>('./index.ts')
    })
    const foreign = (copy as typeof core).bearerLink('the-token')
    const sent: (string | null | undefined)[] = []
    const terminal: core.TerminalLink = (operation) => {
      const destination = { endpoint: new URL('https://api.test/graphql'), link: 'terminal' }
      for (const api of [core, copy as typeof core]) {
        sent.push(api.renderFields(operation, destination).headers.get('authorization'))
      }
      return core.single({ data: 1 })
    }
    await core.lastResult(core.chain(foreign, terminal), createOperation({ document: '{ a }' }))
    expect(sent).toEqual(['Bearer the-token', 'Bearer the-token'])
  })

  test('K-8 a subclass of an application keeps its name and code', () => {
    class QuotaError extends GraphLinksError {
      static override readonly name: string = 'QuotaError'
      static override readonly code: string = 'QUOTA'
    }
    const error = new QuotaError('too much')
    expect([error.name, error.code, String(error)]).toEqual(['QuotaError', 'QUOTA', 'QuotaError: too much'])
    expect([QuotaError.is(error), GraphLinksError.is(error), OptionsError.is(error)]).toEqual([true, true, false])
  })

  test('K-8 JSON and inspection of an error show code, link and operation only', () => {
    const error = new OptionsError('bad', { link: 'a', operationName: 'B' })
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'BAD_OPTIONS', link: 'a', operationName: 'B' })
    expect(inspect(error)).toContain('BAD_OPTIONS')
  })
})

describe('CR-1 secrets live in a box', () => {
  test('CR-1 every way of printing a Secret gives [redacted]', () => {
    const canary = secretCanary()
    const secret = new Secret(canary.value)
    expect(secret.reveal()).toBe(canary.value)
    canary.check(secret, { secret }, [secret], new Map([['a', secret]]), new Set([secret]))
    // oxlint-disable-next-line typescript/restrict-template-expressions
    expect(`${secret}`).toBe('[redacted]')
    expect(`token: ${String(secret)}`).toBe('token: [redacted]')
    expect(JSON.stringify({ secret, list: [secret] })).toBe('{"secret":"[redacted]","list":["[redacted]"]}')
    expect(inspect(secret, { depth: 20, showHidden: true, customInspect: true })).toBe('[redacted]')
    canary.check(inspect(secret, { depth: 20, showHidden: true, customInspect: false }))
    expect(structuredClone(secret)).toEqual({})
    expect(Object.assign({}, secret)).toEqual({})
    expect(Object.keys(secret)).toEqual([])
    // oxlint-disable-next-line typescript/restrict-plus-operands
    expect((secret as unknown as string) + '!').toBe('[redacted]!')
  })

  test('AK-4 the hint has four characters, of a value of at least 20', () => {
    expect(new Secret('abcd'.padEnd(19, '-')).hint).toBeUndefined()
    expect(new Secret('abcd'.padEnd(20, '-')).hint).toBe('abcd')
    expect(new Secret('').hint).toBeUndefined()
  })

  test('CR-1 K-8 printing an operation shows names and never a value', () => {
    const canary = secretCanary()
    let operation = createOperation({
      document: 'query Me($a: String) { me }',
      variables: { a: canary.value },
      headers: { authorization: `Bearer ${canary.value}` },
    })
    operation = withHeader(operation, 'x-session', canary.value)
    operation = withCredential(operation, { name: 'api_key', value: canary.value, in: 'query' })
    expect(JSON.parse(JSON.stringify(operation))).toEqual({
      kind: 'query',
      operationName: 'Me',
      headers: ['authorization', 'api_key', 'x-session'],
    })
    // oxlint-disable-next-line typescript/no-base-to-string
    const printed = [inspect(operation), inspect({ operation }, { depth: 20 }), String(operation)]
    canary.check(JSON.stringify([operation]), ...printed)
    expect(printed[0]).toContain('authorization')
  })
})
