import { chain, createOperation, lastResult, OptionsError, type Result } from '@graphlinks/core'
import * as published from '@graphlinks/logger-link'
import { linkContract, memoryLink, settle } from '@graphlinks/testing'
import { loggerLink } from './terminalLoggerLink.ts'

const ok: Result = { data: { a: 1 } }
const silent = { info() {}, warn() {}, error() {} }

describe('contract of loggerLink in Node', () => {
  linkContract(() => loggerLink({ logger: silent }))
})

test('it is what Node loads', () => {
  expect(published.loggerLink).toBe(loggerLink)
})

test.each([
  ['a terminal', true, undefined, '\u001b[32mcompleted\u001b[39m query Q '],
  ['a terminal without colours', true, '1', 'completed query Q '],
  ['no terminal', false, undefined, '{"level":"info","event":"operation",'],
])('what is printed to %s', async (_, isTTY, noColor, expected) => {
  const info = jest.spyOn(console, 'info').mockImplementation(() => {})
  const stdout = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  const before = process.env['NO_COLOR']
  try {
    Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true })
    if (noColor) process.env['NO_COLOR'] = noColor
    else delete process.env['NO_COLOR']
    await lastResult(chain(loggerLink(), memoryLink(ok)), createOperation({ document: 'query Q { a }' }))
    while (info.mock.calls.length === 0) await settle()
    expect(String(info.mock.calls[0]?.[0]).startsWith(expected)).toBe(true)
  } finally {
    info.mockRestore()
    if (before === undefined) delete process.env['NO_COLOR']
    else process.env['NO_COLOR'] = before
    if (stdout) Object.defineProperty(process.stdout, 'isTTY', stdout)
    else delete (process.stdout as Partial<NodeJS.WriteStream>).isTTY
  }
})

test('a logger or a format that is given has the last word, also in a terminal', async () => {
  const info = jest.spyOn(console, 'info').mockImplementation(() => {})
  const stdout = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  const given: unknown[] = []
  try {
    Object.defineProperty(process.stdout, 'isTTY', { value: true, configurable: true })
    const operation = createOperation({ document: 'query Q { a }' })
    const logger = { ...silent, info: (entry: unknown) => given.push(entry) }
    await lastResult(chain(loggerLink({ logger }), memoryLink(ok)), operation)
    await lastResult(chain(loggerLink({ format: 'json' }), memoryLink(ok)), operation)
    while (info.mock.calls.length === 0 || given.length === 0) await settle()
    expect(given).toMatchObject([{ event: 'operation', operationName: 'Q' }])
    expect(JSON.parse(String(info.mock.calls[0]?.[0]))).toMatchObject({ level: 'info', operationName: 'Q' })
  } finally {
    info.mockRestore()
    if (stdout) Object.defineProperty(process.stdout, 'isTTY', stdout)
    else delete (process.stdout as Partial<NodeJS.WriteStream>).isTTY
  }
})

test('K-10 options that are no good', () => {
  for (const options of [{ logger: null }, { format: null }, { sample: 1 }] as never[]) {
    expect(() => loggerLink(options)).toThrow(OptionsError)
  }
  expect(() => loggerLink(Object.create({ logger: null }) as object)).not.toThrow()
})
