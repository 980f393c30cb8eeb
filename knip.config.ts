import type { KnipConfig } from 'knip'

const config: KnipConfig = {
  // A test of cookie-jar makes a pipe with it, which Node cannot.
  ignoreBinaries: ['mkfifo'],
  ignoreIssues: {
    // What it exports is for bundlers, as the file says.
    'packages/http-link/src/exchanges.ts': ['exports'],
  },
  workspaces: {
    '.': {
      jest: ['jest.config.ts', 'jest.built.config.ts'],
      project: ['scripts/*.mjs', '*.{ts,mjs}'],
      ignoreDependencies: [
        // The pages have snippets that import it, and snippets.mjs compiles those.
        '@tanstack/query-core',
        // Jest loads it by the comment in jest.config.ts.
        'esbuild-register',
        // mutation.mjs starts its file.
        '@stryker-mutator/core',
        // No package: the runner of the configuration's plugin.
        '@stryker-mutator/core-runner',
      ],
    },
    // The exclamation mark is for --production: what is published, apart from its tests.
    'packages/*': { project: ['src/**/*.ts!', '!src/**/*.test.ts!', '!src/fixtures/**!'] },
    'packages/integration': {
      // Files that are started as processes, or bundled, by their names.
      entry: ['src/servers/*.{cjs,mjs}', 'src/fuzz/{main,worker}.ts'],
      project: ['src/**/*.{ts,cjs,mjs}'],
      // useGraphql.cjs gets their names from the servers that have them instead of graphql.
      ignoreDependencies: ['graphql-17-alpha.2', 'graphql-17-alpha.9'],
    },
    'packages/bench': {
      // What is bundled, and what is in the lines whose types are checked.
      entry: ['src/main.ts', 'src/{bundle,http,ws}/**/*.{ts,cjs}'],
      ignoreDependencies: ['@graphql-typed-document-node/core'],
    },
    'packages/examples': { entry: ['src/{demo,run}.ts'] },
  },
}

export default config
