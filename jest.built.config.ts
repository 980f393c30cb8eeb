/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'
import sources from './jest.config.ts'

// The tests of packages/integration, against the built packages, as ES modules and as CommonJS. Run by built-tests.mjs.

// For what is not resolved by Jest: the bundle for browsers.
process.env['GRAPHLINKS_BUILT'] = 'yes'

const integration = `${__dirname}/packages/integration/src`

// They read the sources, or try the servers alone.
const ofSources = ['/(realServers|regularExpressions)\\.']

/** What CI leaves out: what takes long, or puts links together that other files load as well. */
const leftOut = {
  ESM: ['/(combinations|threats|tokenRefreshStorm)\\.'],
  // Both formats are one code; what differs is how files are loaded, and that these do in every way.
  CommonJS: ['/(?!(batching|canary|http|pipeline|sse|uploads|webSocket)\\.)[^/]+\\.test'],
}

const isPart = process.env['GRAPHLINKS_PART'] === 'yes'

function built(project: Config, format: 'CommonJS' | 'ESM'): Config {
  return {
    ...project,
    displayName: `${project.displayName as string}-${format}`,
    roots: [integration],
    testPathIgnorePatterns: ['/node_modules/', '/fuzz/', ...ofSources, ...(isPart ? leftOut[format] : [])],
    // Without the condition that leads to the sources.
    testEnvironmentOptions: { customExportConditions: ['node', 'node-addons'] },
    ...(format === 'ESM' && {
      extensionsToTreatAsEsm: ['.ts'],
      // ES modules have no such name, and all that use it are in one folder.
      globals: { __dirname: integration },
    }),
  }
}

const projects = (sources.projects as Config[]).filter(({ displayName }) => !isPart || displayName !== 'graphql17')

const config: Config = {
  ...sources,
  projects: projects.flatMap((project) => [built(project, 'CommonJS'), built(project, 'ESM')]),
}

export default config
