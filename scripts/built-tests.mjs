// Runs the tests of packages/integration against the built packages, with the arguments of Jest. With --part, only what CI
// has the time for.
import { spawnSync } from 'node:child_process'
import { root } from './packages.mjs'

const args = process.argv.slice(2).filter((argument) => argument !== '--part')
const isPart = process.argv.includes('--part')

// They take long and put links together that other files load as well, or read the sources in the first place.
const heavy = '/integration/src/(combinations|regularExpressions|threats|tokenRefreshStorm)\\.'
const part = [
  '--selectProjects=graphql16-CommonJS',
  '--selectProjects=graphql16-ESM',
  `--testPathIgnorePatterns=${heavy}`,
]

const { status } = spawnSync(
  process.execPath,
  [
    // Jest needs it to run ES modules.
    '--experimental-vm-modules',
    `${root}node_modules/jest/bin/jest.js`,
    '--config=jest.built.config.ts',
    ...(isPart ? part : []),
    ...args,
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_NO_WARNINGS: '1' } },
)
process.exitCode = status ?? 1
