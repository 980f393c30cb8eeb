/** Uploads of httpLink, by each of its transports, to the servers that take them. */
import { randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createClient, type Client } from '@graphlinks/core'
import { HttpError, httpLink, type Fetch, type HttpLinkOptions } from '@graphlinks/http-link'
import { undiciTransport } from '@graphlinks/http-link/undici'
import crossFetch from 'cross-fetch'
import { sharedServers, type ServerName } from './realServers.ts'

const shared = sharedServers()
const undici = undiciTransport()
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'graphlinks-uploads-'))
})
afterAll(async () => {
  await undici.dispose?.()
  await rm(folder, { recursive: true })
})

const stacks: readonly (readonly [name: string, stack: Partial<HttpLinkOptions>])[] = [
  ['global fetch', {}],
  ['cross-fetch', { fetch: crossFetch as Fetch }],
  ['undici', { transport: undici }],
]

// The last two want the fields in their order.
const takers: readonly ServerName[] = ['yoga', 'mercurius', 'graphql-upload']

/** A client whose link asks Yoga's CSRF prevention for leave, which the others don't mind. */
async function clientOf(name: ServerName, options: Partial<HttpLinkOptions> = {}): Promise<Client> {
  const { url } = await shared(name)
  return createClient({ link: httpLink({ csrf: 'yoga', ...options, url } as HttpLinkOptions) })
}

const upload =
  'mutation Upload($file: Upload!, $note: String) { upload(file: $file, note: $note) { name type size text } }'
const uploadMany = 'mutation Many($files: [Upload!]!) { uploadMany(files: $files) { name text } }'
const file = new File(['grüße'], 'a.txt', { type: 'text/plain' })

describe.each(stacks)('by %s', (_, stack) => {
  describe.each(takers)('to %s', (name) => {
    test('U1, U4 a file arrives with its name, type and content', async () => {
      const client = await clientOf(name, stack)
      const { data, errors } = await client.mutate(upload, { file, note: 'a' })
      expect({ data, errors }).toEqual({
        data: { upload: { name: 'a.txt', type: 'text/plain', size: 7, text: 'grüße' } },
        errors: undefined,
      })
    })

    test('U1 lists keep their order', async () => {
      const client = await clientOf(name, stack)
      const others = Array.from({ length: 11 }, (_unused, index) => new File([`${index}`], `${index}.txt`))
      const { data } = await client.mutate(uploadMany, { files: [file, ...others] })
      expect(data).toEqual({
        uploadMany: [
          { name: 'a.txt', text: 'grüße' },
          ...others.map((_unused, index) => ({ name: `${index}.txt`, text: `${index}` })),
        ],
      })
    })

    test('U2 a file in several places is sent once', async () => {
      const client = await clientOf(name, stack)
      const { data, errors } = await client.mutate(uploadMany, { files: [file, file] })
      const each = { name: 'a.txt', text: 'grüße' }
      // graphql-upload-minimal, which mercurius has too, knows that it is one file, and lets it be read once.
      if (name === 'yoga') expect(data).toEqual({ uploadMany: [each, each] })
      else expect(errors?.[0]?.message).toMatch(/multiple times.+same file twice/)
      const copied = await client.mutate(uploadMany, { files: [file, new File([file], file.name)] })
      expect(copied.data).toEqual({ uploadMany: [each, each] })
    })

    test('U3 from the disk, and from a stream that isFile knows', async () => {
      const path = join(folder, 'large.bin')
      const content = randomBytes(300_000).toString('base64')
      await writeFile(path, content)
      const isFile = (value: object): boolean => value instanceof Readable
      const client = await clientOf(name, { ...stack, isFile })
      const stored = await client.mutate(upload, { file: openAsBlob(path, { type: 'text/plain' }) })
      expect(stored.data).toEqual({
        upload: { name: 'blob', type: 'text/plain', size: content.length, text: content },
      })
      const streamed = await client.mutate(upload, {
        file: Object.assign(Readable.from(['a', 'b']), { name: 's.txt' }),
      })
      expect(streamed.data).toMatchObject({ upload: { name: 's.txt', text: 'ab' } })
    })

    test('U3 an empty FileList is an empty list', async () => {
      const client = await clientOf(name, stack)
      const none = { length: 0, [Symbol.toStringTag]: 'FileList' }
      const { data, errors } = await client.mutate(uploadMany, { files: none })
      expect({ data, errors }).toEqual({ data: { uploadMany: [] }, errors: undefined })
    })

    test('U4 names in all scripts, and files without a name', async () => {
      const client = await clientOf(name, stack)
      const names = ['отчёт.pdf', '小野 (1).txt', 'Łódź 🎉.png']
      const { data } = await client.mutate(uploadMany, {
        files: [...names.map((each) => new File([''], each)), new Blob([''])],
      })
      expect(data).toEqual({ uploadMany: [...names, 'blob'].map((each) => ({ name: each, text: '' })) })
    })

    test('U4 a content-type of the caller gives way to that of the form', async () => {
      const client = await clientOf(name, stack)
      const headers = { 'content-type': 'application/json' }
      const { data } = await client.mutate(upload, { file }, { headers })
      expect(data).toMatchObject({ upload: { name: 'a.txt' } })
    })

    test('U6 without a file it is a POST of JSON; a query with one is a POST, too', async () => {
      const client = await clientOf(name, { ...stack, queryMethod: 'GET' })
      const { events } = await shared(name)
      const before = (await events()).length
      await client.mutate('mutation ($name: String!) { addCity(name: $name) { name } }', { name: 'Oslo' })
      await client.query('query ($file: Upload) { hello }', { file }).catch(() => {})
      const requests = (await events()).slice(before).filter(({ what }) => what === 'request')
      const types = requests.map(({ method, headers }) => [method, headers?.['content-type']])
      expect(types).toEqual([
        ['POST', 'application/json'],
        ['POST', expect.stringMatching(/^multipart\/form-data; ?boundary=/)],
      ])
    })
  })

  test('U5 Yoga with CSRF prevention takes an upload with its header alone', async () => {
    const refused = await (await clientOf('yoga', { ...stack, csrf: false })).mutate(upload, { file })
    expect(refused).toMatchObject({ http: { status: 403 }, errors: [{ message: expect.stringContaining('CSRF') }] })
    const { data } = await (await clientOf('yoga', { ...stack, csrf: 'yoga' })).mutate(upload, { file })
    expect(data).toMatchObject({ upload: { name: 'a.txt' } })
  })

  test('U5 what Apollo Server says of an upload is no word of CSRF, unless the header is left out', async () => {
    const answer = async (csrf: 'apollo' | false): Promise<string> =>
      String(
        await (await clientOf('apollo', { ...stack, csrf })).mutate(upload, { file }).then(
          ({ errors }) => errors?.[0]?.message,
          (error: unknown) => error,
        ),
      )
    // It takes none, with or without.
    expect(await answer('apollo')).not.toMatch(/CSRF|Cross-Site/i)
    expect(await answer(false)).toMatch(/CSRF|Cross-Site/i)
  })

  test('U6 cancelling an upload closes its connection', async () => {
    const client = await clientOf('graphql-upload', stack)
    const { saw, events } = await shared('graphql-upload')
    const before = await events()
    const times = (what: string): number => before.filter((event) => event.what === what).length
    const [requests, aborted] = [times('request'), times('aborted')]
    const controller = new AbortController()
    const large = new Blob(Array.from({ length: 64 }, () => randomBytes(1_048_576)))
    const pending = client
      // The server may have all of it by then, but has not answered.
      .mutate(upload, { file: large, note: 'unanswered' }, { signal: controller.signal })
      .catch((error: unknown) => error)
    await saw('request', requests + 1)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    expect(await pending).toBe(reason)
    await saw('aborted', aborted + 1)
  }, 60_000)
})

test('U3 a server that takes no uploads is an HttpError', async () => {
  const client = await clientOf('graphql-http')
  const refused = await client.mutate(upload, { file }).catch((error: unknown) => error)
  expect(HttpError.is(refused) && refused.status).toBe(415)
})
