import { readdirSync, readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { examples } from './examples.ts'
import { patterns } from './patterns.ts'
import { columns, wrap } from './print.ts'
import { runDemo } from './runDemo.ts'
import { startServer, type DemoServer } from './server.ts'

async function run(colour: boolean, shown = patterns): Promise<{ good: boolean; lines: string[] }> {
  const lines: string[] = []
  const good = await runDemo({ write: (line) => lines.push(line), colour }, shown)
  return { good, lines }
}

describe('demo', () => {
  it('runs every pattern as expected, in 80 columns, showing the source that ran', async () => {
    const { good, lines } = await run(false)
    expect(lines.filter((line) => line.length > columns)).toEqual([])
    expect(lines.at(-1)).toBe(`${patterns.length} of ${patterns.length} patterns as expected.`)
    expect(good).toBe(true)

    const text = lines.join('\n')
    expect(text).toContain("client const tenant = headerLink({ 'x-tenant': 'acme' })")
    expect(text).toContain('server HTTP  authorization: Bearer ****  -> Ada, user')
    expect(text).toContain('result {"tenant":"acme"}')
    expect(text).not.toMatch(/[0-9a-f]{32}/) // what the server's secrets look like
    // What is printed as code stands in the source, line by line.
    const source = readFileSync(`${__dirname}/patterns.ts`, 'utf8')
    const code = text.match(/^client [^]*?(?=\nserver )/gm) ?? []
    expect(code).toHaveLength(patterns.length)
    for (const line of code.join('\n').split('\n')) expect(source).toContain(`\n${line && `  ${line.slice(7)}`}\n`)
    for (const name of ['bearer', 'basicAuth', 'apiKey', 'http', 'ws']) expect(text).toContain(`${name}Link(`)
  })

  it('has colours only where they are asked for, and prints the same words', async () => {
    const [plain, coloured] = [await run(false), await run(true)]
    const words = (lines: string[]): string => stripVTControlCharacters(lines.slice(1).join('\n'))
    expect(plain.lines.join('\n')).toBe(stripVTControlCharacters(plain.lines.join('\n')))
    expect(coloured.lines.join('\n')).toContain('\u001B[')
    expect(words(coloured.lines)).toBe(words(plain.lines))
    expect(coloured.lines.filter((line) => stripVTControlCharacters(line).length > columns)).toEqual([])
  })

  it.each([
    ['result', { result: { tenant: 'other' } }, 'WRONG  the result should be:'],
    ['request', { seen: ['HTTP  no credential  -> nobody'] }, 'WRONG  the server should have seen:'],
  ])('fails, and says so, when a %s is not as expected', async (_what, expectation, message) => {
    const [first, ...others] = patterns.slice(0, 2)
    const { good, lines } = await run(false, [{ ...first!, ...expectation }, ...others])
    expect(good).toBe(false)
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([message])
    expect(lines.at(-1)).toBe('1 of 2 patterns as expected.')
  })

  it('breaks long lines at spaces, and long words anywhere', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', '  three'])
    expect(wrap('x'.repeat(20), 8)).toEqual(['xxxxxxxx', '  xxxxxx', '  xxxxxx'])
    expect(wrap('', 8)).toEqual([''])
  })
})

describe('examples', () => {
  let server: DemoServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  it('are all there: every file that is not part of the demo', () => {
    const parts = ['demo.test.ts', 'demo.ts', 'examples.ts', 'patterns.ts', 'print.ts', 'run.ts', 'runDemo.ts']
    const files = readdirSync(__dirname).filter((file) => ![...parts, 'server.ts'].includes(file))
    expect(files.sort()).toEqual(Object.keys(examples).map((name) => `${name}.ts`))
  })

  it.each([
    ['apiKeyRotation', { data: { viewer: { name: 'reports' } }, rejected: [0] }, ['-> refused', '-> reports, service']],
    [
      'customLink',
      { data: { tenant: 'acme' }, log: [expect.stringMatching(/^Tenant took \d+ ms$/)] },
      ['HTTP  x-tenant: acme  -> nobody'],
    ],
    [
      'perRequestIdentity',
      [{ viewer: { name: 'Ada' } }, { viewer: { name: 'Grace' } }, { viewer: { name: 'Ada' } }],
      ['user', 'user', 'admin'],
    ],
    [
      'splitTransports',
      { data: { viewer: { name: 'Ada' } }, events: [{ countdown: 3 }, { countdown: 2 }, { countdown: 1 }] },
      ['HTTP  authorization: Bearer ****  -> Ada, user', 'WebSocket  authorization: Bearer ****  -> Ada, user'],
    ],
    [
      'subscriptionOverHttp',
      [{ countdown: 3 }, { countdown: 2 }, { countdown: 1 }],
      ['HTTP  authorization: Bearer ****  -> Ada, user'],
    ],
    [
      'tokenRefresh',
      {
        viewers: 10,
        first: { viewer: { name: 'Ada' } },
        status: 'fresh',
        events: ['refresh of r1, because the token is rejected', 'refreshed, generation 2'],
      },
      [...Array<string>(10).fill('-> refused'), ...Array<string>(10).fill('-> Ada, user')],
    ],
  ])('%s', async (name, result, seen) => {
    const before = server.seen.length
    expect(await examples[name]!(server)).toEqual(result)
    const lines = server.seen.slice(before)
    expect(lines).toHaveLength(seen.length)
    for (const ending of seen) expect(lines).toContainEqual(expect.stringContaining(ending))
    expect(lines.join()).not.toContain(server.adaToken)
  })
})
