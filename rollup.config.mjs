import { rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import dts from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'
import { entries, publishable, root } from './scripts/packages.mjs'

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]))

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
  const external = (id) =>
    id.startsWith('node:') ||
    builtinModules.includes(id) ||
    dependencies.some((name) => id === name || id.startsWith(`${name}/`))
  const common = {
    external,
    onwarn(warning) {
      throw new Error(`${manifest.name}: ${warning.message}`)
    },
  }
  // Sources are published, so the maps need no copy of them.
  const js = { sourcemap: true, sourcemapExcludeSources: true }
  // `require` instead of `import()` in CommonJS: Jest and other CommonJS loaders can't run `import()`.
  const cjs = { ...js, dynamicImportInCjs: false, exports: 'named' }

  rmSync(`${path}/dist`, { recursive: true, force: true })
  return [
    {
      ...common,
      input: mapValues(entries(pkg), (source) => `${path}/${source}`),
      plugins: [esbuild({ target: 'es2022', tsconfig: false })],
      output: [output(path, 'es', 'js', js), output(path, 'cjs', 'cjs', cjs)],
    },
    {
      ...common,
      input: mapValues(entries(pkg), (source) => `${root}.types/${dir}/${source.replace(/\.ts$/, '.d.ts')}`),
      plugins: [dts()],
      output: [output(path, 'es', 'd.ts'), output(path, 'es', 'd.cts')],
    },
  ]
})
