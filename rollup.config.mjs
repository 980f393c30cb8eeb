import { rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import dts from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { entries, publishable, root } from './scripts/packages.mjs'

/**
 * Files that are built on their own, with copies of the functions that they share with the rest: those behind an
 * `import()`, and entries for few. What two chunks share, bundlers put into the first chunk of everybody, also of those who
 * have no use for either, or into a chunk of its own, which compresses worse. What must be there once, classes above all,
 * they import from an entry, or from one another.
 *
 * esbuild puts into one chunk what exactly the same files behind an `import()` need. Thus one that imports from core by
 * value should import from its own package's entry, too, or from one that does: both are in the first chunk then.
 */
const selfContained = {
  '@graphlinks/core': {
    cookieLogin: 'src/auth/cookieLogin.ts',
    deferred: 'src/deferred.ts',
    jarCookies: 'src/auth/jarCookies.ts',
    printDocument: 'src/printDocument.ts',
    refresher: 'src/auth/refresher.ts',
  },
  '@graphlinks/http-link': {
    batch: 'src/batch.ts',
    batchFailure: 'src/batchFailure.ts',
    exchanges: 'src/exchanges.ts',
    failure: 'src/failure.ts',
    formRequest: 'src/formRequest.ts',
    getRequest: 'src/getRequest.ts',
    redirect: 'src/redirect.ts',
    singleConnection: 'src/singleConnection.ts',
    streams: 'src/streams.ts',
    undici: 'src/undici.ts',
    unusualRequest: 'src/unusualRequest.ts',
  },
  '@graphlinks/ws-link': { sockets: 'src/sockets.ts' },
}

/**
 * Files that an entry exports and that stay files all the same: where an application names none of it, Rollup and webpack
 * load it with the lazy files that do.
 */
const apart = { '@graphlinks/http-link': { errors: 'src/errors.ts' } }

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

const without = (object, names) => Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)))

/**
 * Classes that may be there twice: errors are recognised by their codes, operations by their fields, as those of two
 * installed versions are, and the rest is for the one who made it.
 */
const recognisedTwice = /core.src.(errors|operation|context|secret|field|results|auth.(session\w+|waitingLine))\.ts$/

/**
 * Links are functions that say their names in errors. esbuild gives a function within another one of the same name a name
 * with a number; here the two never meet.
 */
const ownNames = {
  name: 'own-names',
  renderChunk: (code) => ({
    code: code.replace(/((?:=|return) (?:async )?function\*? )(\w+)2\(/g, (found, start, name) =>
      new RegExp(`^(?:async )?function ${name}\\(`, 'm').test(code) ? `${start}${name}(` : found,
    ),
    map: null,
  }),
}

/**
 * Fails where a copy would be another one: copies of functions and of frozen tables are as good as one, those of classes and
 * keys are not.
 */
function onlyFunctionsTwice() {
  const built = new Set()
  const modulesOf = (bundle) => Object.values(bundle).flatMap(({ modules }) => Object.entries(modules ?? {}))
  const remember = {
    name: 'remember-modules',
    generateBundle(_, bundle) {
      for (const [id, { code }] of modulesOf(bundle)) if (code) built.add(id)
    },
  }
  const check = {
    name: 'only-functions-twice',
    generateBundle(_, bundle) {
      for (const [id, { code }] of modulesOf(bundle)) {
        if (
          built.has(id) &&
          !recognisedTwice.test(id) &&
          /^(class|const \w+ = (class|new|[\w.]+\(|.*PURE.* contextKey\())/m.test(code ?? '')
        ) {
          this.error(`what ${id} declares would be there twice: hand it over instead`)
        }
      }
    },
  }
  return { remember, check }
}

function output(path, format, extension, options) {
  return {
    dir: `${path}/dist`,
    format,
    entryFileNames: `[name].${extension}`,
    // A bare import of a chunk's own imports only makes bundlers warn: no module here has side effects.
    hoistTransitiveImports: false,
    chunkFileNames: ({ name }) => `${name.replace(/\.d$/, '')}.${extension}`,
    ...options,
  }
}

export default publishable.flatMap((pkg) => {
  const { dir, path, manifest } = pkg
  const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const sources = mapValues(entries(pkg), (source) => `${path}/${source}`)
  const files = (of) => mapValues(of[manifest.name] ?? {}, (source) => `${path}/${source}`)
  const alone = files(selfContained)
  const external = (id) =>
    id.startsWith('node:') ||
    builtinModules.includes(id) ||
    dependencies.some((name) => id === name || id.startsWith(`${name}/`))
  const common = {
    onwarn(warning) {
      throw new Error(`${manifest.name}: ${warning.message}`)
    },
  }
  // Sources are published, so the maps need no copy of them.
  const js = { sourcemap: true, sourcemapExcludeSources: true }
  // `require` instead of `import()` in CommonJS: Jest and other CommonJS loaders can't run `import()`.
  const cjs = { ...js, dynamicImportInCjs: false, exports: 'named' }

  const { remember, check } = onlyFunctionsTwice()
  /** The code of some files, which imports that of others under the names that they have in `dist`. */
  const code = (input, others, plugin) => {
    const write = (format, extension, options) => {
      const names = Object.entries(others).map(([name, source]) => [source, `./${name}.${extension}`])
      return output(path, format, extension, { ...options, paths: Object.fromEntries(names) })
    }
    return {
      ...common,
      input,
      external: (id) => external(id) || Object.values(others).includes(id),
      // What a file imports for a function that its copy does not have is not imported for nothing.
      treeshake: { moduleSideEffects: 'no-external' },
      plugins: [esbuild({ target: 'es2022', tsconfig: false }), plugin, ownNames],
      output: [write('es', 'js', js), write('cjs', 'cjs', cjs)],
    }
  }

  rmSync(`${path}/dist`, { recursive: true, force: true })
  return [
    code({ ...without(sources, Object.keys(alone)), ...files(apart) }, alone, remember),
    ...Object.entries(alone).map(([name, source]) =>
      code({ [name]: source }, without({ ...sources, ...alone }, [name]), check),
    ),
    {
      ...common,
      input: mapValues(entries(pkg), (source) => `${root}.types/${dir}/${source.replace(/\.ts$/, '.d.ts')}`),
      external,
      plugins: [dts()],
      output: [output(path, 'es', 'd.ts'), output(path, 'es', 'd.cts')],
    },
  ]
})
