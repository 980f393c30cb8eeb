/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'
import sources from './jest.config.ts'

// The tests of packages/integration, against the built packages, as ES modules and as CommonJS. Run by built-tests.mjs.

// For what is not resolved by Jest: the bundle for browsers.
process.env['GRAPHLINKS_BUILT'] = 'yes'

const integration = '<rootDir>/packages/integration/src'

function built(project: Config, format: 'CommonJS' | 'ESM'): Config {
  return {
    ...project,
    displayName: `${project.displayName as string}-${format}`,
    testMatch: [`${integration}/*.test.ts`],
    testPathIgnorePatterns: [
      ...(project.testPathIgnorePatterns ?? ['/node_modules/']),
      // It reads the sources.
      'regularExpressions\\.test',
    ],
    // Without the condition that leads to the sources.
    testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] },
    ...(format === 'ESM' && {
      extensionsToTreatAsEsm: ['.ts'],
      // ES modules have no such name, and all that use it are in one folder.
      globals: { __dirname: integration.replace('<rootDir>', __dirname) },
    }),
  }
}

const config: Config = {
  ...sources,
  projects: (sources.projects as Config[]).flatMap((project) => [built(project, 'CommonJS'), built(project, 'ESM')]),
}

export default config
