// Runs the tests of packages/integration against the built packages, with the arguments of Jest. With --part, only what CI
// has the time for.
import { spawnSync } from 'node:child_process'
import { root } from './packages.mjs'

const args = process.argv.slice(2)
const { status } = spawnSync(
  process.execPath,
  [
    // Jest needs it to run ES modules.
    '--experimental-vm-modules',
    `${root}node_modules/jest/bin/jest.js`,
    '--config=jest.built.config.ts',
    ...args.filter((argument) => argument !== '--part'),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_NO_WARNINGS: '1', GRAPHLINKS_PART: args.includes('--part') ? 'yes' : 'no' },
  },
)
process.exitCode = status ?? 1
