/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

const project: Config = {
  testMatch: ['<rootDir>/packages/*/src/**/*.test.ts'],
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

const config: Config = {
  waitForUnhandledRejections: true,
  maxWorkers: 2,
  // Any limit keeps tests out of Jest's main process, whose own timers would hide those that a test leaves open.
  workerIdleMemoryLimit: '1GB',
  projects: [
    { ...project, displayName: 'graphql16' },
    {
      ...project,
      displayName: 'graphql17',
      // Slow, and about nothing that graphql has a part in.
      testPathIgnorePatterns: ['/integration/src/(threats|regularExpressions)\\.test\\.ts$'],
      moduleNameMapper: { '^graphql$': 'graphql-17', '^graphql/(.*)$': 'graphql-17/$1' },
    },
  ],
}

export default config
