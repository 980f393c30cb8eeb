import { GraphLinksError } from './index.ts'
import { IncrementalDeliveryError, IncrementalMerger, isIncrementalPayload } from './incremental.ts'
import type { Result } from './results.ts'

const details = { link: 'httpLink', operationName: 'Q' }

/** The snapshots that payloads give. Each goes in as JSON gives it, and must not be changed. */
function snapshots(...payloads: readonly unknown[]): Result[] {
  const merger = new IncrementalMerger(details)
  return payloads.map((payload) => {
    const parsed: unknown = JSON.parse(JSON.stringify(payload))
    const snapshot = merger.add(parsed)
    expect(parsed).toEqual(payload)
    expect(merger.latest).toBe(snapshot)
    expect(merger.hasNext).toBe(snapshot.hasNext ?? false)
    return snapshot
  })
}

const last = (...payloads: readonly unknown[]): Result => snapshots(...payloads).at(-1) as Result

/** The error that the last of these payloads is, and what had come before. */
function errorOf(...payloads: readonly unknown[]): { error: IncrementalDeliveryError; before: Result | undefined } {
  const merger = new IncrementalMerger(details)
  for (const payload of payloads.slice(0, -1)) merger.add(payload)
  const before = merger.latest
  try {
    merger.add(payloads.at(-1))
  } catch (error) {
    if (!IncrementalDeliveryError.is(error)) throw error
    return { error, before }
  }
  throw new Error('it should have failed')
}

const over = { hasNext: false }
const onePending = { data: { a: 1 }, pending: [{ id: '0', path: [], label: 'slow' }], hasNext: true }

describe('which payloads need a merger', () => {
  test('M13 plain results do not, and pass untouched', () => {
    expect(isIncrementalPayload({ data: {}, errors: [], extensions: {} })).toBe(false)
    expect(isIncrementalPayload({ data: {}, hasNext: true })).toBe(true)
    expect(isIncrementalPayload({ hasNext: false })).toBe(true)
    expect(isIncrementalPayload({ incremental: [] })).toBe(true)
    expect(isIncrementalPayload({ pending: [] })).toBe(true)
    expect(isIncrementalPayload({ completed: [] })).toBe(true)
    expect(isIncrementalPayload({ data: {}, path: [] })).toBe(true)
    expect(isIncrementalPayload({ items: [], path: [] })).toBe(true)
    expect(isIncrementalPayload({ data: {}, itemsPerPage: 1, isPending: 1, path_: [], my_items: [] })).toBe(false)
    const plain = { data: { a: 1 }, extensions: { n: 1 } }
    const merger = new IncrementalMerger()
    expect(merger.hasNext).toBe(false)
    expect(merger.add(plain)).toBe(plain)
    expect(merger.hasNext).toBe(false)
  })
})

// As Apollo Server 5 with graphql 17.0.0-alpha.9, and graphql 17.1, send it.
describe('format (c): pending, incremental, completed', () => {
  test('I1 everything in the first payload, as a proxy may put it together', () => {
    expect(
      last({ ...onePending, incremental: [{ id: '0', data: { b: 2 } }], completed: [{ id: '0' }], hasNext: false }),
    ).toEqual({
      data: { a: 1, b: 2 },
      hasNext: false,
      incremental: { delivered: [{ path: [], label: 'slow' }], pending: [], failed: [] },
    })
  })

  test('I2 an id is announced in the payload that uses it, for a place that the same payload brings', () => {
    expect(
      last(onePending, {
        pending: [{ id: '1', path: ['user'] }],
        incremental: [
          { id: '0', data: { user: { id: 'u' } } },
          { id: '1', data: { name: 'Ada' } },
        ],
        completed: [{ id: '0' }, { id: '1' }],
        hasNext: false,
      }).data,
    ).toEqual({ a: 1, user: { id: 'u', name: 'Ada' } })
  })

  test('I3 objects are merged below subPath, siblings are kept; items go to the end of their list', () => {
    const seen = snapshots(
      {
        data: { user: { id: 'u', address: { city: 'Ulm' } }, list: [{ n: 0 }] },
        pending: [
          { id: '0', path: ['user'], label: 'more' },
          { id: '1', path: ['list'] },
        ],
        hasNext: true,
      },
      { incremental: [{ id: '0', subPath: ['address'], data: { zip: 89073 } }], hasNext: true },
      { incremental: [{ id: '1', items: [{ n: 1 }, { n: 2 }] }], completed: [{ id: '0' }], hasNext: true },
      {
        incremental: [
          { id: '1', items: [{ n: 3 }] },
          { id: '1', items: [null, { n: 5 }] },
        ],
        hasNext: true,
      },
      { completed: [{ id: '1' }], hasNext: false },
    )
    expect(seen.at(-1)?.data).toEqual({
      user: { id: 'u', address: { city: 'Ulm', zip: 89073 } },
      list: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, null, { n: 5 }],
    })
    expect(seen.map(({ incremental }) => incremental?.delivered)).toEqual([
      [],
      [],
      [{ path: ['user'], label: 'more' }],
      [{ path: ['user'], label: 'more' }],
      [{ path: ['user'], label: 'more' }, { path: ['list'] }],
    ])
    expect(seen.map(({ incremental }) => incremental?.pending.length)).toEqual([2, 2, 1, 1, 0])
    expect(seen.map(({ hasNext }) => hasNext)).toEqual([true, true, true, true, false])
  })

  test('I4 a fragment that failed stays absent, is listed, and says why; errors of a patch are partial', () => {
    const errors = [{ message: 'no b', path: ['b'], extensions: { code: 'X' } }]
    const seen = last(
      { ...onePending, pending: [...onePending.pending, { id: '1', path: [] }], errors: [{ message: 'early' }] },
      { incremental: [{ id: '1', data: { c: null }, errors: [{ message: 'no c' }] }], hasNext: true },
      { completed: [{ id: '0', errors }, { id: '1' }], hasNext: false },
    )
    expect(seen).toEqual({
      data: { a: 1, c: null },
      errors: [{ message: 'early' }, { message: 'no c' }, ...errors],
      hasNext: false,
      incremental: { delivered: [{ path: [] }], pending: [], failed: [{ path: [], label: 'slow' }] },
    })
  })

  test.each([
    ['incremental', { incremental: [{ id: 'canary', data: { canary: 1 } }], hasNext: true }],
    ['completed', { completed: [{ id: 'canary' }], hasNext: true }],
    ['no more pending', { completed: [{ id: '0' }, { id: '0' }], hasNext: true }],
  ])('I5 an unknown id in %s is an error that shows nothing of it', (_, payload) => {
    const { error, before } = errorOf(onePending, payload)
    expect(error.message).toBe('httpLink, operation Q: a payload has an id that is not pending')
    expect(error.code).toBe('INCREMENTAL_DELIVERY')
    expect(GraphLinksError.is(error)).toBe(true)
    expect(error.partial).toBe(before)
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
  })

  test('I5 what is pending when nothing follows is an error, with the data that came', () => {
    const { error } = errorOf(onePending, { incremental: [{ id: '0', data: { b: 2 } }], hasNext: false })
    expect(error.message).toContain('nothing follows, and parts of the data have not come')
    expect(error.partial?.data).toEqual({ a: 1, b: 2 })
  })

  test('members that are null are not there, as some servers write all of them', () => {
    const nothing = { path: null, label: null, errors: null, extensions: null, pending: null, completed: null }
    const merged = last(
      { ...onePending, errors: null, incremental: null },
      { incremental: [{ id: '0', subPath: null, data: { b: 2 }, errors: null }], hasNext: true },
      {
        ...nothing,
        data: null,
        incremental: [{ ...nothing, data: { c: 3 } }],
        completed: [{ id: '0', errors: null }],
        ...over,
      },
    )
    expect(merged.data).toEqual({ a: 1, b: 2, c: 3 })
    expect(merged.errors).toBeUndefined()
    expect(merged.incremental?.failed).toEqual([])
  })

  test('I6 a fragment that is not announced is in the data', () => {
    expect(last({ data: { a: 1, b: 2 }, ...over }).data).toEqual({ a: 1, b: 2 })
  })
})

// As Yoga 5, and Apollo Server 5 with graphql 17.0.0-alpha.2, send it.
describe('format (b): incremental with paths', () => {
  const list = { data: { user: { id: 'u' }, list: [{ n: 0 }] }, hasNext: true }

  test('I7 patches and items at their paths, with errors and extensions', () => {
    expect(
      last(
        { ...list, extensions: { cost: 1, trace: 'a' } },
        {
          incremental: [
            { data: { name: 'Ada' }, path: ['user'], label: 'more', extensions: { patch: true } },
            { items: [{ n: 1 }, { n: 2 }], path: ['list', 1], label: 'rest' },
          ],
          extensions: { cost: 2 },
          hasNext: true,
        },
        { incremental: [{ items: [null], path: ['list', 3], errors: [{ message: 'no 3' }] }], hasNext: true },
        { incremental: [{ data: { m: 2 }, path: ['list', 2] }], hasNext: true },
        over,
      ),
    ).toEqual({
      data: { user: { id: 'u', name: 'Ada' }, list: [{ n: 0 }, { n: 1 }, { n: 2, m: 2 }, null] },
      errors: [{ message: 'no 3' }],
      extensions: { cost: 2, trace: 'a', patch: true },
      hasNext: false,
      incremental: { delivered: [{ path: ['user'], label: 'more' }, { path: ['list', 2] }], pending: [], failed: [] },
    })
  })

  test('I7 data: null is a fragment that failed; what was to go below it is dropped', () => {
    const seen = last(list, {
      incremental: [
        { data: null, path: ['user'], label: 'more', errors: [{ message: 'no' }] },
        { data: { city: 'Ulm' }, path: ['user', 'address'], label: 'below' },
      ],
      hasNext: false,
    })
    expect(seen.data).toEqual(list.data)
    expect(seen.errors).toEqual([{ message: 'no' }])
    expect(seen.incremental?.failed).toEqual([
      { path: ['user'], label: 'more' },
      { path: ['user', 'address'], label: 'below' },
    ])
  })

  test('I7 items: null ends a list: later items of it are ignored, those of other lists are not', () => {
    const seen = last(
      { data: { list: [0], other: [0] }, hasNext: true },
      { incremental: [{ items: null, path: ['list', 1], label: 'rest', errors: [{ message: 'no' }] }], hasNext: true },
      {
        incremental: [
          { items: [2], path: ['list', 2] },
          { items: [1], path: ['other', 1] },
        ],
        hasNext: false,
      },
    )
    expect(seen.data).toEqual({ list: [0], other: [0, 1] })
    expect(seen.incremental?.failed).toEqual([{ path: ['list'], label: 'rest' }])
  })

  test('I3 a field of two fragments is merged, in lists by index; null, an error in it, is for both', () => {
    const seen = last(
      { data: { list: [{ a: 1 }, null, { a: 3 }], user: { id: 'u' }, none: null }, hasNext: true },
      {
        incremental: [
          { data: { list: [{ b: 1 }, { b: 2 }, null], user: null, none: { id: 'n' } }, path: [] },
          { items: [{ c: 1 }], path: ['list', 0] },
        ],
        ...over,
      },
    )
    expect(seen.data).toEqual({ list: [{ a: 1, b: 1, c: 1 }, null, null], user: null, none: null })
  })
})

// As Grafserv 1 sends it.
describe('format (a): one patch per payload', () => {
  test('I8 data is merged at its path, or is the item that its list does not have yet', () => {
    const seen = snapshots(
      { data: { user: { id: 'u' }, list: [{ n: 0 }], matrix: [[1]] }, hasNext: true },
      { data: { name: 'Ada' }, path: ['user'], label: 'more', hasNext: true },
      { data: { n: 1 }, path: ['list', 1], label: 'rest', hasNext: true },
      { data: { m: 1 }, path: ['list', 1], hasNext: true },
      { errors: [{ message: 'no 2' }], path: ['list', 2], hasNext: true },
      { data: [2, 3], path: ['matrix', 1], hasNext: true },
      { data: { version: 1 }, path: [], hasNext: true },
      over,
    )
    expect(seen.at(-1)?.data).toEqual({
      user: { id: 'u', name: 'Ada' },
      list: [{ n: 0 }, { n: 1, m: 1 }, null],
      matrix: [[1], [2, 3]],
      version: 1,
    })
    expect(seen.at(-1)?.errors).toEqual([{ message: 'no 2' }])
    expect(seen.at(-1)?.incremental?.delivered).toEqual([
      { path: ['user'], label: 'more' },
      { path: ['list', 1] },
      { path: [] },
    ])
  })

  test('I10 items that overtake others leave holes until those come; what is left of them at the end is an error', () => {
    const start = { data: { list: ['0'] }, hasNext: true }
    const third = { data: '3', path: ['list', 3], hasNext: true }
    const first = { data: '1', path: ['list', 1], hasNext: true }
    const [, gap, , full] = snapshots(start, third, first, { data: '2', path: ['list', 2], hasNext: true }, over)
    expect(Object.keys((gap as { data: { list: string[] } }).data.list)).toEqual(['0', '3'])
    expect(full?.data).toEqual({ list: ['0', '1', '2', '3'] })
    expect(errorOf(start, third, first, over).error.message).toContain('have not come')
    expect(errorOf(start, { ...third, path: ['list', 100_000] }).error.message).toContain('place that is not there')
    // An item at the end fills no hole.
    const fourth = { data: '4', path: ['list', 4], hasNext: true }
    expect(errorOf(start, third, fourth, first, over).error.message).toContain('have not come')
    const most = { data: 'last', path: ['list', 10_001], hasNext: true }
    expect(last(start, most).hasNext).toBe(true)
    expect(errorOf(start, { ...most, path: ['list', 10_002] }).error.message).toContain('place that is not there')
  })
})

describe('every format', () => {
  test('I9 what a payload does not touch is the same object, what it touches is not, and nothing changes later', () => {
    const seen = snapshots(
      { data: { left: { deep: [{}] }, right: { list: [{ n: 0 }], sibling: {} } }, hasNext: true },
      { incremental: [{ items: [{ n: 1 }], path: ['right', 'list', 1] }], hasNext: true },
      { incremental: [{ data: { m: 1 }, path: ['right', 'list', 1] }], hasNext: true },
    )
    type Tree = Record<'left' | 'right', { list: object[]; sibling: object }>
    const [one, two, three] = seen.map(({ data }) => data as Tree)
    expect(two?.left).toBe(one?.left)
    expect(two?.right.sibling).toBe(one?.right.sibling)
    expect(two?.right.list[0]).toBe(one?.right.list[0])
    expect(two?.right).not.toBe(one?.right)
    expect(three?.right.list[0]).toBe(one?.right.list[0])
    expect(one?.right.list).toEqual([{ n: 0 }])
    expect(two?.right.list).toEqual([{ n: 0 }, { n: 1 }])
    expect(three?.right.list).toEqual([{ n: 0 }, { n: 1, m: 1 }])
  })

  test('I9 errors, extensions and progress of earlier snapshots never change', () => {
    const patch = (n: number) => ({
      incremental: [{ data: { [`f${n}`]: n }, path: [], errors: [{ message: String(n) }], extensions: { n } }],
      hasNext: true,
    })
    const [one, two, three] = snapshots({ data: {}, hasNext: true }, patch(1), patch(2))
    expect([one?.errors, two?.errors?.length, three?.errors?.length]).toEqual([undefined, 1, 2])
    expect([one, two, three].map((seen) => seen?.incremental?.delivered.length)).toEqual([0, 1, 2])
    expect([one?.extensions, two?.extensions, three?.extensions]).toEqual([undefined, { n: 1 }, { n: 2 }])
  })

  test('I9 a payload copies what it touches once, however many patches it has', () => {
    const items = Array.from({ length: 1_000 }, (_, n) => ({ n }))
    const incremental = items.map((_, n) => ({ data: { m: n }, path: ['list', n] }))
    const slice = jest.spyOn(Array.prototype, 'slice')
    const merged = last({ data: { list: items }, hasNext: true }, { incremental, ...over })
    const copies = slice.mock.contexts.filter((context) => (context as unknown[]).length === items.length)
    slice.mockRestore()
    expect(copies.length).toBe(1)
    expect(merged.data).toEqual({ list: items.map(({ n }) => ({ n, m: n })) })
  })

  test('I10 a patch below null is dropped and listed as failed', () => {
    const seen = last(
      { data: { user: null, list: [null] }, hasNext: true },
      {
        incremental: [
          { data: { name: 'Ada' }, path: ['user'], label: 'one' },
          { data: { name: 'Ada' }, path: ['list', 0, 'owner'] },
          { items: [1], path: ['user', 'list', 0], label: 'two' },
        ],
        hasNext: false,
      },
    )
    expect(seen.data).toEqual({ user: null, list: [null] })
    expect(seen.incremental).toEqual({
      delivered: [],
      pending: [],
      failed: [
        { path: ['user'], label: 'one' },
        { path: ['list', 0, 'owner'] },
        { path: ['user', 'list'], label: 'two' },
      ],
    })
  })

  const tree = { data: { user: { id: 'u' }, list: [{ n: 0 }], n: 1, text: 'abc' }, hasNext: true }
  const announcedNull = { data: { user: null }, pending: [{ id: '0', path: ['user'] }], hasNext: true }
  test.each<[string, unknown, unknown]>([
    ['below a field that is not there', tree, { data: { a: 1 }, path: ['canary'], hasNext: true }],
    ['below an item that is not there', tree, { data: { a: 1 }, path: ['list', 4, 'canary'], hasNext: true }],
    ['below a number', tree, { data: { a: 1 }, path: ['n'], hasNext: true }],
    ['in a text', tree, { incremental: [{ items: ['canary'], path: ['text', 3] }], hasNext: true }],
    ['of a list that is an object', tree, { incremental: [{ items: [1], path: ['user', 0] }], hasNext: true }],
    ['of items without a place', tree, { incremental: [{ items: [1], path: [] }], hasNext: true }],
    ['of items that are none', tree, { incremental: [{ items: 'canary', path: ['list', 1] }], hasNext: true }],
    ['at no index', tree, { incremental: [{ items: [1], path: ['list', 0.5] }], hasNext: true }],
    ['at a negative index', tree, { incremental: [{ items: [1], path: ['list', -1] }], hasNext: true }],
    ['at the length of a list', tree, { data: { a: 1 }, path: ['list', 'length'], hasNext: true }],
    ['of an object for a list', tree, { data: { length: 0 }, path: ['list'], hasNext: true }],
    ['of a list for an object', tree, { data: ['canary'], path: ['user'], hasNext: true }],
    ['of a text for an object', tree, { data: 'canary', path: ['user'], hasNext: true }],
    ['of the prototype', tree, { data: { canary: 1 }, path: ['__proto__'], hasNext: true }],
    ['of a constructor', tree, { data: { canary: 1 }, path: ['user', 'constructor', 'prototype'], hasNext: true }],
    ['announced, and null', announcedNull, { incremental: [{ id: '0', data: { canary: 1 } }], hasNext: true }],
  ])('I10 a patch %s is an error', (_, start, payload) => {
    const { error, before } = errorOf(start, payload)
    expect(error.message).toBe('httpLink, operation Q: a payload is for a place that is not there')
    expect(error.partial).toBe(before)
    expect(before?.data).toEqual((start as { data: unknown }).data)
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
    expect(({} as { canary?: unknown }).canary).toBeUndefined()
  })

  test('I10 threats 12 fields named __proto__ and constructor are fields like others', () => {
    const first = JSON.parse('{"data":{"__proto__":{"a":1},"constructor":{"a":1}},"hasNext":true}') as unknown
    const patch = JSON.parse(
      '{"incremental":[{"data":{"__proto__":{"b":2},"toString":"x"},"path":[]},{"data":{"c":3},"path":["__proto__"]}],"hasNext":false}',
    ) as unknown
    const merger = new IncrementalMerger()
    merger.add(first)
    const { data } = merger.add(patch)
    expect(JSON.stringify(data)).toBe('{"__proto__":{"a":1,"b":2,"c":3},"constructor":{"a":1},"toString":"x"}')
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
    const anew = new IncrementalMerger()
    anew.add({ data: {}, hasNext: true })
    const late = anew.add(patch).data
    expect(Object.getPrototypeOf(late)).toBe(Object.prototype)
    expect(JSON.stringify(late)).toBe('{"__proto__":{"b":2,"c":3},"toString":"x"}')
    expect(({} as { b?: unknown }).b).toBeUndefined()
  })

  test.each<[string, readonly unknown[]]>([
    ['no object', ['canary']],
    ['null', [null]],
    ['data that is a list', [{ data: ['canary'], hasNext: true }]],
    ['data that is a text', [{ data: 'canary', hasNext: true }]],
    ['pending that is no list', [{ data: {}, pending: 'canary', hasNext: true }]],
    ['entries that are no objects', [onePending, { incremental: ['canary'], hasNext: true }]],
    ['completed entries that are null', [onePending, { completed: [null], hasNext: true }]],
    ['a path that is no list', [onePending, { data: {}, path: 'canary', hasNext: true }]],
    ['errors that are no list', [onePending, { errors: 'canary', hasNext: true }]],
  ])('a payload with %s is an error that shows nothing of it', (_, payloads) => {
    const { error } = errorOf(...payloads)
    expect(error.message).toBe('httpLink, operation Q: a payload is malformed')
    expect(JSON.stringify(error) + error.stack).not.toContain('canary')
  })

  test('threats 13 payloads that are nested deeper than the stack are an error like others, where they cannot be merged', () => {
    const deep = (leaf: string): string => `${'{"a":'.repeat(100_000)}${leaf}${'}'.repeat(100_000)}`
    const merger = new IncrementalMerger()
    const first = merger.add(JSON.parse(`{"data":${deep('1')},"hasNext":true}`))
    const patch: unknown = JSON.parse(`{"incremental":[{"path":[],"data":${deep('2')}}],"hasNext":false}`)
    expect(() => merger.add(patch)).toThrow(IncrementalDeliveryError)
    expect(() => merger.add(patch)).toThrow('nested too deeply')
    expect(merger.latest).toBe(first)
  })

  test('a payload after the last one is an error; errors without data are a result', () => {
    expect(errorOf({ data: {}, ...over }, over).error.message).toContain('after the last one')
    const failed = last({ errors: [{ message: 'no' }], ...over })
    expect(failed).toEqual({
      errors: [{ message: 'no' }],
      hasNext: false,
      incremental: { delivered: [], pending: [], failed: [] },
    })
    expect(failed).not.toHaveProperty('data')
  })

  test('K-8 the error has a name, a list with anything but objects is malformed, and a label is a text', () => {
    for (const list of ['incremental', 'pending', 'completed', 'errors']) {
      const { error } = errorOf({ data: {}, hasNext: true, [list]: [{ id: '0', path: [], message: 'm' }, null] })
      expect([error.name, error.message]).toEqual([
        'IncrementalDeliveryError',
        'httpLink, operation Q: a payload is malformed',
      ])
    }
    const pending = [{ id: '0', path: [], label: 5 }]
    expect(last({ data: {}, pending, hasNext: true }).incremental?.pending).toEqual([{ path: [] }])
  })

  test('what was put together is made of ordinary fields', () => {
    const { data } = last(onePending, {
      incremental: [{ id: '0', data: { b: { c: 1 } } }],
      completed: [{ id: '0' }],
      ...over,
    })
    expect(Object.getOwnPropertyDescriptor(data, 'b')).toEqual({
      value: { c: 1 },
      writable: true,
      enumerable: true,
      configurable: true,
    })
  })
})
