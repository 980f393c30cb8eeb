// Compares the public types of every export with the reports in api/. With --write it writes the reports.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { diff } from 'jest-diff'
import { rollup } from 'rollup'
import dts from 'rollup-plugin-dts'
import { entries, publishable, root } from './packages.mjs'

const folder = `${root}api/`

/** One entry's types in one file. (In dist, the entries of a package share files.) */
async function flatTypes({ dir }, source) {
  const bundle = await rollup({
    input: `${root}.types/${dir}/${source.replace(/\.ts$/, '.d.ts')}`,
    external: (id) => !id.startsWith('.') && !id.startsWith(root),
    plugins: [dts()],
  })
  const { output } = await bundle.generate({ inlineDynamicImports: true })
  return output[0].code
}

const current = {}
for (const pkg of publishable) {
  for (const [name, source] of Object.entries(entries(pkg))) {
    current[name === 'index' ? `${pkg.dir}.d.ts` : `${pkg.dir}.${name}.d.ts`] = await flatTypes(pkg, source)
  }
}

if (process.argv.includes('--write')) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [file, types] of Object.entries(current)) writeFileSync(folder + file, types)
  console.log(`Wrote ${Object.keys(current).join(', ')} to api/`)
} else {
  mkdirSync(folder, { recursive: true })
  const committed = Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(folder + file, 'utf8')]))
  const differing = Object.keys({ ...committed, ...current }).filter((file) => committed[file] !== current[file])
  for (const file of differing) {
    const labels = { aAnnotation: `api/${file}`, bAnnotation: 'now', expand: false, contextLines: 2 }
    console.error(diff(committed[file] ?? '', current[file] ?? '', labels))
  }
  if (differing.length > 0) {
    console.error('The public types differ from api/. If that is meant, run: npm run api:write')
    process.exitCode = 1
  } else {
    console.log(`Public types as in api/: ${Object.keys(current).join(', ')}`)
  }
}
