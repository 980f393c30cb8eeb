import { runInNewContext } from 'node:vm'
import type { JsonObject } from '@graphlinks/core'
import fc from 'fast-check'
import { hasFiles, mayHaveFiles } from './files.ts'

const file = new Blob(['a'])
const fileList = { 0: file, length: 1, [Symbol.toStringTag]: 'FileList' }

describe('U3 whether there is a file in variables', () => {
  test.each([
    ['a Blob', { file }],
    ['a File', { file: new File(['a'], 'a.txt') }],
    [
      'a Blob of another realm',
      runInNewContext('({ file: { get [Symbol.toStringTag]() { return "Blob" } } })') as object,
    ],
    ['a FileList', { files: fileList }],
    ['a promise', { file: Promise.resolve(file) }],
    ['a file in a list', { input: { files: [null, { content: file }] } }],
    [
      'a file in an instance',
      {
        input: new (class Input {
          readonly file = file
        })(),
      },
    ],
    ['a file beside a cycle', { input: cycle(), file }],
  ])('U3 %s', (_, variables) => {
    expect(hasFiles({ first: 1, ...variables }, undefined)).toBe(true)
  })

  test.each([
    ['nothing', undefined],
    ['no variables', {}],
    ['scalars', { a: 1, b: 'Blob', c: null, d: undefined, e: false }],
    ['data with the names of ours', JSON.parse('{"if":{"size":1,"then":{"type":"File"}}}') as JsonObject],
    ['what writes itself', { at: new Date(0), url: new URL('https://a.test'), price: { toJSON: () => '1', file } }],
    ['a cycle', cycle()],
  ])('U6 %s has none', (_, variables) => {
    expect(hasFiles(variables, undefined)).toBe(false)
  })

  test('U3 isFile knows others, and is asked of objects only', () => {
    const asked: unknown[] = []
    const isFile = (value: object): boolean => asked.push(value) > 0 && 'uri' in value
    const photo = { uri: 'file:///a.jpg', name: 'a.jpg', type: 'image/jpeg' }
    expect(hasFiles({ name: 'a', input: { size: 1, photo }, other: {} }, isFile)).toBe(true)
    expect(asked).toEqual([{ size: 1, photo }, photo])
    expect(hasFiles({ input: { photo } }, undefined)).toBe(false)
  })

  test('U3 an object in many places is looked at once', () => {
    let layer: object = {}
    for (let depth = 0; depth < 60; depth++) layer = { left: layer, right: layer }
    expect(hasFiles({ layer }, undefined)).toBe(false)
  })

  test('U3 JSON has no files', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (variables) => !hasFiles(variables, undefined)))
  })

  test.each([
    ['a Blob', { file }],
    ['a FileList', { files: fileList }],
    ['a promise', { file: Promise.resolve(file) }],
    ['a file in a list', { input: { files: [null, { content: file }] } }],
    ['a file beside a cycle', { input: cycle(), file }],
  ])('U3 the first look does not miss %s', (_, variables) => {
    expect(mayHaveFiles(variables, undefined)).toBe(true)
  })

  test('U3 the first look asks isFile, too, and finds nothing in JSON and in what writes itself', () => {
    expect(mayHaveFiles({ photo: { uri: 'file:///a.jpg' } }, (value) => 'uri' in value)).toBe(true)
    expect(mayHaveFiles({ at: new Date(0), price: { toJSON: () => '1', file }, input: cycle() }, undefined)).toBe(false)
    // Data may have the name of what is waited for.
    const json = fc
      .dictionary(fc.string(), fc.jsonValue())
      .filter((variables) => !JSON.stringify(variables).includes('"then"'))
    fc.assert(fc.property(json, (variables) => !mayHaveFiles(variables, undefined)))
  })
})

function cycle(): { readonly self?: unknown } {
  const object: { self?: unknown } = {}
  object.self = { list: [object] }
  return object
}
