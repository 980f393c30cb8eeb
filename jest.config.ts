/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const project: Config = {
  // What npm run mutation copies has packages of the same names.
  modulePathIgnorePatterns: ['<rootDir>/\\.mutation/'],
  testEnvironment: '<rootDir>/scripts/jest-environment.mjs',
  testEnvironmentOptions: { customExportConditions: ['@graphlinks/source', 'node', 'node-addons'] },
  transform: {
    '\\.ts$': ['@swc/jest', { swcrc: false, jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
    // They have ES modules only, which Jest does not load in CommonJS mode.
    '/(jose|oauth4webapi)/.+\\.js$': [
      '@swc/jest',
      { swcrc: false, jsc: { target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(jose|oauth4webapi)/)'],
}

/** What loads graphql, and so runs with each major. All other files run once, and must do without it. */
const loadsGraphql = [
  'core/src/{client,document,hostile,incrementalExecution,types}',
  'dedup-link/src/dedupLink',
  'examples/src/demo',
  'http-link/src/{documentTransfer,getRequest}',
  'integration/src/{abort,canary,chromium,fuzz/fuzz,identities,persisted,pipeline}',
  'persisted-link/src/{manifestId,persistedLink}',
  'ws-link/src/{documentTransfer,reconnection,wsLink}',
]

// They take long, and run graphql only in a server, so that one major is as good as the other.
const loadsGraphqlOnce = ['integration/src/{cookies,tokenRefreshStorm}']

const globs = (files: readonly string[]) => files.map((file) => `**/packages/${file}.test.ts`)

const config: Config = {
  // What a quiet machine does in a moment, one that is busy does in a while.
  testTimeout: 20_000,
  waitForUnhandledRejections: true,
  maxWorkers: 2,
  // Each file leaves memory behind, and what is left slows down the next: with 1 GB, by a third. Any limit keeps tests out
  // of Jest's main process, whose own timers would hide those that a test leaves open.
  workerIdleMemoryLimit: '200MB',
  projects: [
    {
      ...project,
      displayName: 'no-graphql',
      testMatch: [...globs(['*/src/**/*']), ...globs([...loadsGraphql, ...loadsGraphqlOnce]).map((glob) => `!${glob}`)],
      moduleNameMapper: { '^graphql(/.*)?$': '<rootDir>/scripts/no-graphql.cjs' },
    },
    {
      ...project,
      displayName: 'graphql16',
      testMatch: globs([...loadsGraphql, ...loadsGraphqlOnce]),
    },
    {
      ...project,
      displayName: 'graphql17',
      testMatch: globs(loadsGraphql),
      moduleNameMapper: { '^graphql$': 'graphql-17', '^graphql/(.*)$': 'graphql-17/$1' },
    },
  ],
}

export default config
