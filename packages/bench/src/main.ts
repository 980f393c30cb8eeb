// Side-by-side measurements: npm run bench -- <part>. Exits with 1 when a promise of the project is broken.
import { spawnSync } from 'node:child_process'
import { http } from './http.ts'
import { kernel } from './kernel.ts'
import { multipart } from './multipart.ts'
import { stampede } from './stampede.ts'
import { threats } from './threats.ts'
import { ws } from './ws.ts'

/** Each part prints its tables and says whether the project's promises hold. */
const parts: Readonly<Record<string, () => Promise<boolean>>> = { http, kernel, multipart, stampede, threats, ws }

const [name = ''] = process.argv.slice(2)
const part = Object.hasOwn(parts, name) ? parts[name] : undefined
if (!part) {
  console.error(`${name ? `There is no part "${name}". ` : ''}Usage: npm run bench -- <part>`)
  console.error(`Parts: ${Object.keys(parts).join(', ')}`)
  process.exitCode = 1
} else if (globalThis.gc && process.env['NODE_ENV'] === 'production') {
  process.exitCode = (await part()) ? 0 : 1
} else {
  // Peers read NODE_ENV when they are loaded, and development checks would slow them down.
  const env = { ...process.env, NODE_ENV: 'production' }
  const args = [...process.execArgv, '--expose-gc', process.argv[1] ?? '', name]
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1
}
