// Proves `sideEffects: false`. Of what an application imports and does not use, nothing may stay in its bundle: by esbuild
// and by Rollup as the manifest tells them, and by Rollup's own reading of the code, which takes the manifest's word for
// nothing. And who takes one link takes no other.
import { build } from 'esbuild'
import { rollup } from 'rollup'
import { publishable, root } from './packages.mjs'

function fail(message) {
  console.error(message)
  process.exitCode = 1
}

/** The built file of each entry, by what an application imports: '@graphlinks/core/node'. */
const files = new Map(
  publishable.flatMap(({ path, manifest }) =>
    Object.entries(manifest.exports).flatMap(([entry, target]) =>
      target.import ? [[manifest.name + entry.slice(1), `${path}/${target.import.default.slice(2)}`]] : [],
    ),
  ),
)

/** `believes`: whether a module whose manifest says that it has no side effects is left out unread. */
async function byRollup(code, believes) {
  const bundle = await rollup({
    input: 'application',
    external: (id) => id !== 'application' && !id.startsWith('.') && !id.startsWith(root) && !files.has(id),
    treeshake: { moduleSideEffects: (id, external) => !external && !(believes && [...files.values()].includes(id)) },
    plugins: {
      name: 'built-packages',
      resolveId: (id) => (id === 'application' ? id : files.get(id)),
      load: (id) => (id === 'application' ? code : undefined),
    },
    onLog: (level, log) => {
      if (log.code !== 'EMPTY_BUNDLE') throw new Error(`${level}: ${log.message}`)
    },
  })
  const { output } = await bundle.generate({ inlineDynamicImports: true })
  return output[0].code.trim()
}

async function byEsbuild(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: publishable.flatMap(({ manifest }) =>
      Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter((name) => !files.has(name)),
    ),
    write: false,
    logLevel: 'silent',
    legalComments: 'none',
  })
  return outputFiles[0].text.trim()
}

const bundlers = {
  esbuild: byEsbuild,
  Rollup: (code) => byRollup(code, true),
  'Rollup, which believes no manifest': (code) => byRollup(code, false),
}

for (const { manifest } of publishable) {
  if (manifest.sideEffects !== false) fail(`${manifest.name}: sideEffects is not false`)
}

const importing = (names) => names.map((name) => `import '${name}'`).join('\n')
for (const [bundler, bundle] of Object.entries(bundlers)) {
  if ((await bundle(importing([...files.keys()]))) === '') continue
  // Whose fault it is.
  for (const name of files.keys()) {
    const rest = await bundle(importing([name]))
    if (rest !== '') fail(`${bundler}: of ${name} this stays where nothing of it is used:\n${rest}\n`)
  }
}

// What of each package is whole in itself: no two of them belong together, and the client needs none.
const apart = {
  '@graphlinks/core': [
    'createClient',
    'headerLink',
    'bearerLink',
    'basicAuthLink',
    'apiKeyLink',
    'cookieLink',
    'tokenRefreshLink',
  ],
  '@graphlinks/cookie-jar': ['memoryCookieJar', 'fileCookieJar'],
  '@graphlinks/oauth': [
    'oauthRefresh',
    'oauthClientCredentials',
    'oauthTokenExchange',
    'oauthJwtBearer',
    'oauthDeviceCode',
  ],
  '@graphlinks/testing': ['FakeClock', 'memoryLink', 'secretCanary', 'scriptedServer', 'scriptedSocketServer'],
}
const declares = (bundle, name) => new RegExp(`\\b(function\\*?|class|var|const) ${name}\\b`).test(bundle)

for (const [name, exported] of Object.entries(apart)) {
  for (const chosen of exported) {
    for (const bundler of ['esbuild', 'Rollup, which believes no manifest']) {
      const rest = await bundlers[bundler](`import { ${chosen} } from '${name}'; console.log(${chosen})`)
      if (!declares(rest, chosen)) fail(`${bundler}: ${name} has no ${chosen} that could be found`)
      const others = exported.filter((other) => other !== chosen && declares(rest, other))
      if (others.length > 0) fail(`${bundler}: ${chosen} of ${name} brings along ${others.join(', ')}`)
    }
  }
}

// Of graphql, an application without an AST has nothing to run, and one with an AST needs the printer: not the parser, and
// not what makes schemas.
const { outputFiles } = await build({
  stdin: { contents: `export { createClient } from '@graphlinks/core'`, resolveDir: root },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'browser',
  outdir: 'out',
  write: false,
})
const texts = outputFiles.map(({ text }) => text)
if (!texts.some((text) => declares(text, 'printDocASTReducer')))
  fail('esbuild: the printer of graphql could not be found')
for (const name of ['Parser', 'GraphQLSchema']) {
  if (texts.some((text) => declares(text, name))) fail(`esbuild: @graphlinks/core brings along ${name} of graphql`)
}

if (!process.exitCode) console.log(`tree-shaking: nothing stays of ${files.size} entries where nothing of them is used`)
