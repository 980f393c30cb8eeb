/** Chromium, for tests of what only a browser does. */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import type { Scenarios } from './browserScenarios.ts'
import type { RealServer } from './realServers.ts'
import { startHttpServer } from './servers.ts'

const repository = join(__dirname, '../../..')
const chromiumPath = spawnSync(process.execPath, [join(repository, 'scripts/chromium.mjs'), '--find']).stdout.toString()
if (chromiumPath === '') console.warn('Skipped, since there is no Chromium: "npm run chromium" gets one')

/** `describe` where there is a browser, and otherwise `describe.skip`. */
export const describeInBrowser = chromiumPath ? describe : describe.skip

/** A page that can run what is in `browserScenarios.ts`. */
export interface BrowserPage {
  readonly origin: string
  readonly run: <Name extends keyof Scenarios>(
    name: Name,
    ...args: Parameters<Scenarios[Name]>
  ) => Promise<Awaited<ReturnType<Scenarios[Name]>>>
  /** Errors and warnings on the console, exceptions and rejections that nobody handled, and requests that failed. */
  readonly problems: () => Promise<readonly string[]>
}

const flags = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever it wants to tell its maker.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
]

/**
 * Starts one browser for all tests of a file, and gives a new page, in a context of its own, for each: of an origin of
 * its own, or of that of the server `login`.
 */
export function sharedBrowser(): (at?: Pick<RealServer, 'url' | 'tell'>) => Promise<BrowserPage> {
  let home: string
  let browser: Browser
  let site: Awaited<ReturnType<typeof startHttpServer>>
  let script: string
  beforeAll(async () => {
    script = bundle()
    home = await mkdtemp(join(tmpdir(), 'graphlinks-chromium-'))
    site = await startHttpServer(({ url }, response) => {
      const { headers, body } = contentOf(url, script)
      response.writeHead(200, headers).end(body)
    })
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: flags,
      chromiumSandbox: false,
      env: { ...process.env, HOME: home } as Record<string, string>,
    })
  }, 30_000)
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await site.close()
    await rm(home, { recursive: true, force: true })
  })

  return async (at) => {
    const page = await (await browser.newContext()).newPage()
    const problems = watchProblems(page)
    const { origin } = new URL((at ?? site).url)
    // By the server itself: Chromium trusts no page that came from nowhere with a socket to this machine.
    await at?.tell({
      pages: Object.fromEntries(['/page', '/scenarios.js'].map((path) => [path, contentOf(path, script)])),
    })
    await page.goto(`${origin}/page`)
    return {
      origin,
      async problems() {
        // A browser tells of a rejection some tasks after it.
        await page.evaluate('new Promise((resolve) => setTimeout(resolve))')
        return problems
      },
      run: (name, ...args) => page.evaluate(`scenarios.${name}(...${JSON.stringify(args)})`),
    }
  }
}

/** A page that is strict about what scripts may do, as nothing here needs `eval`; and its script. */
function contentOf(path: string | undefined, script: string): { headers: Record<string, string>; body: string } {
  const isScript = path === '/scenarios.js'
  const policy = "default-src 'none'; script-src 'self'; connect-src ws://127.0.0.1:* http://127.0.0.1:*"
  return {
    headers: {
      'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8',
      'content-security-policy': policy,
    },
    body: isScript ? script : '<!doctype html><title>graphlinks</title><script src="/scenarios.js"></script>',
  }
}

/** The scenarios and all that they import, as an application would bundle it. */
function bundle(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, 'browserScenarios.ts')],
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    conditions: process.env['GRAPHLINKS_BUILT'] ? [] : ['@graphlinks/source'],
    absWorkingDir: repository,
  })
  return String(outputFiles[0]?.text)
}

function watchProblems(page: Page): readonly string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text())
  })
  // Rejections that nobody handles, too.
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('requestfailed', (request) => problems.push(request.url()))
  return problems
}
