// Runs the tests of packages/integration against the built packages, with the arguments of Jest.
import { spawnSync } from 'node:child_process'
import { root } from './packages.mjs'

const { status } = spawnSync(
  process.execPath,
  // Jest needs it to run ES modules.
  [
    '--experimental-vm-modules',
    `${root}node_modules/jest/bin/jest.js`,
    '--config=jest.built.config.ts',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_NO_WARNINGS: '1' } },
)
process.exitCode = status ?? 1
