/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const project: Config = {
  testMatch: ['<rootDir>/packages/*/src/**/*.test.ts'],
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

// They take long and run nothing of graphql, or only in the process of a server, so that one major is as good as the other.
const once = [
  '/cookie-jar/src/',
  '/core/src/auth/sessionModel',
  '/http-link/src/(inFlight|limits|multipartDecoder|redirect|streams)\\.',
  '/integration/src/(combinations|cookies|cookieLogin|oidc|oidcDpop|regularExpressions|threats|tokenRefreshStorm)\\.',
  '/ws-link/src/chaos',
]

const config: Config = {
  // What a quiet machine does in a moment, one that is busy does in a while.
  testTimeout: 20_000,
  waitForUnhandledRejections: true,
  maxWorkers: 2,
  // Each file leaves memory behind, and what is left slows down the next: with 1 GB, by a third. Any limit keeps tests out
  // of Jest's main process, whose own timers would hide those that a test leaves open.
  workerIdleMemoryLimit: '200MB',
  projects: [
    { ...project, displayName: 'graphql16' },
    {
      ...project,
      displayName: 'graphql17',
      testPathIgnorePatterns: ['/node_modules/', ...once],
      moduleNameMapper: { '^graphql$': 'graphql-17', '^graphql/(.*)$': 'graphql-17/$1' },
    },
  ],
}

export default config
