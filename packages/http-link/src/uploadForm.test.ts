import { openAsBlob } from 'node:fs'
import { Readable } from 'node:stream'
import { createClient, createOperation, OptionsError, TimeoutError, type JsonObject } from '@graphlinks/core'
import { FakeClock, settle } from '@graphlinks/testing'
import fc from 'fast-check'
import type { FileTest } from './files.ts'
import { withoutForm } from './formRequest.ts'
import { httpLink } from './index.ts'
import { buildForm } from './uploadForm.ts'

const document = 'mutation Upload($a: Upload) { upload(a: $a) }'

function partsOf(text: string): Parameters<typeof buildForm>[1] {
  return { query: JSON.stringify(text), transfer: undefined }
}

function formOf(variables: JsonObject, isFile?: FileTest, extensions?: JsonObject): Promise<FormData> {
  return buildForm(createOperation({ document, variables, extensions }), partsOf(document), isFile)
}

interface Read {
  readonly operations: { readonly variables: unknown }
  readonly map: unknown
  readonly files: readonly File[]
}

function read(form: FormData): Read {
  const [operations, map, ...files] = [...form.values()]
  return {
    operations: JSON.parse(operations as string) as Read['operations'],
    map: JSON.parse(map as string),
    files: files as File[],
  }
}

const [a, b] = [new File(['a'], 'a.txt'), new File(['b'], 'b.txt')]

describe('U1 the form', () => {
  test('U1 operations, map, then the files by number', async () => {
    const form = await formOf({ b, a }, undefined, { trace: 1 })
    expect([...form.keys()]).toEqual(['operations', 'map', '0', '1'])
    const { operations, map, files } = read(form)
    expect(operations).toEqual({
      query: document,
      operationName: 'Upload',
      variables: { a: null, b: null },
      extensions: { trace: 1 },
    })
    expect(map).toEqual({ 0: ['variables.b'], 1: ['variables.a'] })
    expect(files.map(({ name }) => name)).toEqual(['b.txt', 'a.txt'])
  })

  test('U1 members that are not there are left out', async () => {
    const operation = createOperation({ document: 'mutation ($a: Upload) { upload(a: $a) }', variables: { a } })
    const form = await buildForm(operation, partsOf('{ text }'), undefined)
    expect(form.get('operations')).toBe('{"query":"{ text }","variables":{"a":null}}')
  })

  test('U1 more than ten files keep their order', async () => {
    const many = Array.from({ length: 12 }, (_, index) => new File([''], `${index}`))
    const form = await formOf({ many })
    expect([...form.keys()].slice(2)).toEqual(many.map(({ name }) => name))
    expect(Object.keys(read(form).map as object)).toEqual(many.map(({ name }) => name))
  })
})

describe('U2 variables', () => {
  test('U2 the objects of the caller stay as they are', async () => {
    const list = Object.freeze([a, Object.freeze({ b })])
    const variables = Object.freeze({ list, first: 1 })
    const { operations, map } = read(await formOf(variables))
    expect(operations.variables).toEqual({ list: [null, { b: null }], first: 1 })
    expect(map).toEqual({ 0: ['variables.list.0'], 1: ['variables.list.1.b'] })
    expect(variables).toEqual({ list: [a, { b }], first: 1 })
  })

  test('U2 a file in several places is one part; two that are alike are two', async () => {
    const input = { file: a }
    const form = await formOf({
      first: input,
      second: [input, a],
      late: Promise.resolve(a),
      other: new File(['a'], 'a.txt'),
    })
    const { operations, map, files } = read(form)
    expect(operations.variables).toEqual({
      first: { file: null },
      second: [{ file: null }, null],
      late: null,
      other: null,
    })
    expect(map).toEqual({
      0: ['variables.first.file', 'variables.second.0.file', 'variables.second.1', 'variables.late'],
      1: ['variables.other'],
    })
    expect(files).toHaveLength(2)
  })

  test('U2 putting the files back where the map says gives the variables', async () => {
    const leaf = fc.oneof(fc.constantFrom<unknown>(a, b), fc.string(), fc.integer(), fc.constant(null))
    const key = fc.stringMatching(/^[a-z]{1,3}$/)
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('tree')), fc.dictionary(key, tie('tree'))),
    }))
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, tree), async (variables) => {
        const { operations, map, files } = read(await formOf(variables))
        for (const [index, paths] of Object.entries(map as Record<string, string[]>)) {
          const file = files[Number(index)]?.name === a.name ? a : b
          for (const path of paths) {
            const keys = path.split('.')
            const last = keys.pop() ?? ''
            const holder = keys.reduce<unknown>((at, name) => (at as JsonObject)[name], operations)
            ;(holder as Record<string, unknown>)[last] = file
          }
        }
        expect(operations.variables).toEqual(variables)
      }),
    )
  })
})

describe('U3 what is a file', () => {
  test('U3 a FileList is a list of files', async () => {
    const list = { 0: a, 1: b, length: 2, [Symbol.toStringTag]: 'FileList' }
    const { operations, map } = read(await formOf({ list, none: { length: 0, [Symbol.toStringTag]: 'FileList' } }))
    expect(operations.variables).toEqual({ list: [null, null], none: [] })
    expect(map).toEqual({ 0: ['variables.list.0'], 1: ['variables.list.1'] })
  })

  test('U3 instances are written by their toJSON, but a file that has one is a file', async () => {
    const bytes = Object.assign(new Blob(['x']), { toJSON: () => 'nothing' })
    const { operations, map } = read(
      await formOf({ at: new Date(0), to: new URL('https://a.test/'), price: { toJSON: () => ({ cents: 1 }) }, bytes }),
    )
    expect(operations.variables).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      to: 'https://a.test/',
      price: { cents: 1 },
      bytes: null,
    })
    expect(map).toEqual({ 0: ['variables.bytes'] })
  })

  test('U3 a file of the disk, by a promise', async () => {
    const { files } = read(await formOf({ file: openAsBlob(__filename, { type: 'text/plain' }) }))
    expect(files[0]?.type).toBe('text/plain')
    await expect(files[0]?.text()).resolves.toContain('a file of the disk, by a promise')
  })

  test('U3 a file of another realm keeps its bytes, name and type', async () => {
    const foreign = {
      [Symbol.toStringTag]: 'File',
      name: 'ö.txt',
      type: 'text/plain',
      slice: () => {},
      arrayBuffer: async () => new TextEncoder().encode('abc').buffer,
    }
    const { files } = read(await formOf({ foreign }))
    expect(files[0]).toMatchObject({ name: 'ö.txt', type: 'text/plain' })
    await expect(files[0]?.text()).resolves.toBe('abc')
  })

  const isStream = (value: object): boolean => Symbol.asyncIterator in value || 'getReader' in value

  test.each([
    ['of Node', () => Object.assign(Readable.from(['ab', Buffer.from('c')]), { name: 'n.txt' }), 'n.txt'],
    ['of the web', () => new Blob(['abc']).stream(), 'blob'],
    [
      'that cannot be iterated',
      () => Object.assign(new Blob(['abc']).stream(), { [Symbol.asyncIterator]: undefined }),
      'blob',
    ],
  ])('U3 a stream %s is read', async (_, open, name) => {
    const stream = open()
    const { files } = read(await formOf({ stream }, isStream))
    expect(files[0]?.name).toBe(name)
    await expect(files[0]?.text()).resolves.toBe('abc')
    // U6: never an empty file in its place.
    await expect(formOf({ stream }, isStream)).rejects.toThrow()
  })

  test('U6 a stream that was read before is refused by its place', async () => {
    const stream = Readable.from(['abc'])
    await formOf({ list: [stream] }, isStream)
    const refused = await formOf({ list: [stream] }, isStream).catch((error: unknown) => error)
    expect(OptionsError.is(refused)).toBe(true)
    expect(refused).toMatchObject({
      message: expect.stringMatching(/^httpLink, operation Upload: variables\.list\.0 is a stream that gives nothing/),
    })
  })

  test.each([
    ['what isFile took for one', { uri: 'secret' }],
    ['a promise of none', Promise.resolve({ uri: 'secret' })],
    ['a promise of nothing', Promise.resolve(undefined)],
    ['a response', Promise.resolve(new Response('secret'))],
  ])('U3 %s is no file where the form does not take it', async (_, photo) => {
    const refused = await formOf({ input: { photo } }, (value) => 'uri' in value).catch((error: unknown) => error)
    expect(refused).toMatchObject({ message: 'httpLink, operation Upload: variables.input.photo is no file' })
  })

  test('U3 React Native: its form takes what isFile knows as it is', async () => {
    const parts: unknown[] = []
    class NativeForm {
      append(...part: unknown[]): void {
        parts.push(part)
      }
    }
    const { FormData } = globalThis
    globalThis.FormData = NativeForm as unknown as typeof FormData
    const photo = { uri: 'file:///a.jpg', name: 'a.jpg', type: 'image/jpeg' }
    try {
      await formOf({ photo }, (value) => 'uri' in value)
    } finally {
      globalThis.FormData = FormData
    }
    expect(parts).toHaveLength(3)
    expect(parts[2]).toEqual(['0', photo])
    expect((parts[2] as unknown[])[1]).toBe(photo)
  })

  test('U3 a cycle is an error that says where', async () => {
    const input: Record<string, unknown> = { file: a }
    input['self'] = input
    await expect(formOf({ input })).rejects.toThrow(/circular structure[^]*'self'/)
  })

  test('U3 a promise that rejects is the error; the others have somebody who waits for them', async () => {
    const gone = (): Promise<Blob> => Promise.reject(new Error('gone'))
    await expect(formOf({ files: [gone(), gone(), Promise.resolve(a)] })).rejects.toThrow('gone')
  })
})

describe('U4 names', () => {
  test('U4 names are kept, and what has none gets one', async () => {
    const { files } = read(await formOf({ named: new File([''], 'отчёт 小.pdf'), unnamed: new Blob(['']) }))
    expect(files.map(({ name }) => name)).toEqual(['отчёт 小.pdf', 'blob'])
  })

  test('U4 a form as bytes is the same form', async () => {
    const form = await formOf({ a, named: new File(['b'], 'ö.txt', { type: 'text/plain' }) })
    const url = new URL('https://api.example.com/graphql')
    const { body, headers } = await withoutForm({ url, method: 'POST', headers: new Map([['a', 'b']]) }, form)
    expect(body).toBeInstanceOf(Uint8Array)
    expect([...headers.keys()]).toEqual(['a', 'content-type'])
    const decoded = await new Response(body as BodyInit, { headers: [...headers] }).formData()
    expect([...decoded.keys()]).toEqual([...form.keys()])
    expect(read(decoded)).toMatchObject({ operations: read(form).operations, map: read(form).map })
    expect(decoded.get('1')).toMatchObject({ name: 'ö.txt', type: 'text/plain', size: 1 })
  })
})

describe('U6 what was to be sent is let go', () => {
  const bytes = new TextEncoder().encode('begun')
  interface Source {
    readonly stream: object
    /** That somebody has begun to read it, and that nobody goes on. */
    readonly begun: Promise<void>
    readonly closed: Promise<void>
  }

  function sourceOf(open: (onRead: () => void, onClose: () => void) => object): Source {
    let onRead = (): void => {}
    let onClose = (): void => {}
    const begun = new Promise<void>((resolve) => (onRead = resolve))
    const closed = new Promise<void>((resolve) => (onClose = resolve))
    return { stream: open(onRead, onClose), begun, closed }
  }

  /** It gives nothing after its first bytes. */
  const ofNode = (): Source =>
    sourceOf((onRead, onClose) => {
      const chunks = [bytes]
      const read = function (this: Readable): void {
        const chunk = chunks.pop()
        if (chunk) this.push(chunk)
        else onRead()
      }
      return new Readable({ read }).on('close', onClose)
    })
  const ofTheWeb = (): Source =>
    sourceOf((onRead, cancel) => {
      const chunks = [bytes]
      const pull = (controller: ReadableStreamDefaultController): void => {
        const chunk = chunks.pop()
        if (chunk) controller.enqueue(chunk)
        else onRead()
      }
      return new ReadableStream({ pull, cancel })
    })
  /** It gives bytes for ever. */
  const generated = (): Source =>
    sourceOf((onRead, onClose) => {
      async function* generate(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            yield bytes
            onRead()
            await new Promise((resolve) => setImmediate(resolve))
          }
        } finally {
          onClose()
        }
      }
      return generate()
    })
  const sources = [
    ['of Node', ofNode],
    ['of the web', ofTheWeb],
    ['that is generated', generated],
  ] as const

  function upload(file: unknown, signal?: AbortSignal): { failed: Promise<unknown>; clock: FakeClock } {
    const clock = new FakeClock()
    const isFile = (value: object): boolean => Symbol.asyncIterator in value
    const client = createClient({ link: httpLink({ url: 'https://api.test/', isFile, clock, timeoutMs: 100 }) })
    const failed = client.mutate(document, { a: file as never }, { signal }).catch((error: unknown) => error)
    return { failed, clock }
  }

  test.each(sources)('when the caller aborts: a stream %s', async (_, open) => {
    const { stream, begun, closed } = open()
    const controller = new AbortController()
    const { failed } = upload(stream, controller.signal)
    await begun
    controller.abort('enough')
    expect(await failed).toBe('enough')
    await closed
  })

  test.each(sources)('when its time is over: a stream %s', async (_, open) => {
    const { stream, begun, closed } = open()
    const { failed, clock } = upload(stream)
    await begun
    await clock.advance(100)
    expect(await failed).toBeInstanceOf(TimeoutError)
    await closed
  })

  test('when another file fails', async () => {
    const { stream, begun, closed } = ofNode()
    let fail: (reason: Error) => void = () => {}
    const other = new Promise<Blob>((__, reject) => (fail = reject))
    const { failed } = upload([stream, other])
    await begun
    fail(new Error('gone'))
    expect(await failed).toMatchObject({ cause: { message: 'gone' } })
    await closed
  })

  test('when it comes too late', async () => {
    const { stream, closed } = ofNode()
    let open: (stream: object) => void = () => {}
    const { failed, clock } = upload(new Promise((resolve) => (open = resolve)))
    await settle()
    await clock.advance(100)
    expect(await failed).toBeInstanceOf(TimeoutError)
    open(stream)
    await closed
  })
})
