// Builds the site of the documentation into .docs: the guides beside the reference of every public entry. Everything is
// found in the tree, nothing is fetched, and a warning is an error.
import { readFileSync, rmSync } from 'node:fs'
import { Application, Converter, MinimalSourceFile, ReflectionKind } from 'typedoc'
import { guides, titleOf } from './markdown.mjs'
import { entries, publishable, root } from './packages.mjs'

const modules = publishable.flatMap((pkg) =>
  Object.entries(pkg.manifest.exports).flatMap(([name, target]) =>
    target['@graphlinks/source'] ? [{ pkg, name: pkg.manifest.name + name.slice(1), file: sourceOf(pkg, target) }] : [],
  ),
)

function sourceOf(pkg, target) {
  const source = Object.values(entries(pkg)).find((path) => target['@graphlinks/source'] === `./${path}`)
  return `${pkg.path}/${source}`
}

/** What a page stands under in the navigation: its folder. */
const groups = { links: 'Links', recipes: 'Recipes', errors: 'Error codes', 'coming-from': 'Coming from' }
const groupOf = (path) => groups[/^docs\/([^/]+)\//.exec(path)?.[1]] ?? 'Guides'

const documents = guides.filter((path) => !path.startsWith('packages/') && path !== 'README.md')

rmSync(`${root}.docs`, { recursive: true, force: true })
const app = await Application.bootstrap({
  name: 'graphlinks',
  out: `${root}.docs`,
  tsconfig: `${root}tsconfig.build.json`,
  basePath: root,
  entryPoints: modules.map(({ file }) => file),
  readme: `${root}README.md`,
  projectDocuments: documents.map((path) => root + path),
  groupOrder: ['Guides', 'Links', 'Recipes', 'Coming from', 'Modules', 'Error codes', '*'],
  navigation: { includeGroups: true, includeFolders: false },
  highlightLanguages: [
    'yaml',
    'typescript',
    'tsx',
    'javascript',
    'python',
    'bash',
    'shellscript',
    'json',
    'http',
    'graphql',
  ],
  // `tsc` has checked the types; there is no address yet that a line of the source could link to.
  skipErrorChecking: true,
  disableSources: true,
  githubPages: false,
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true, invalidPath: true },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
})

// A module has the name that it is imported by, and the package's README as its first page.
app.converter.on(Converter.EVENT_CREATE_DECLARATION, ({ project, converter }, reflection) => {
  if (!reflection.kindOf(ReflectionKind.Module)) return
  const found = modules.find(
    ({ file }) => file === `${root}${reflection.name}.ts` || file === `${root}${reflection.name}/index.ts`,
  )
  if (!found) throw new Error(`typedoc calls a module ${reflection.name}, which is the file of no entry`)
  reflection.name = found.name
  if (found.name !== found.pkg.manifest.name) return
  const path = `${found.pkg.path}/README.md`
  reflection.readme = converter.parseRawComment(
    new MinimalSourceFile(readFileSync(path, 'utf8'), path),
    project.files,
  ).content
  project.files.registerReflectionPath(path, reflection)
})

app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, reflection) => {
  const path = documents.find((candidate) => candidate === `${reflection.name}.md`)
  if (!path) throw new Error(`typedoc calls a page ${reflection.name}, which is the file of no guide`)
  reflection.name = titleOf(path)
  reflection.frontmatter['group'] = groupOf(path)
})

// A comment may link what its file does not import, such as the class of an error that another package throws. (Without
// a part, it is no comment that asks, but a type; an address alone would do as an answer then.)
app.converter.addUnknownSymbolResolver((reference, reflection, part) => {
  const name = part && reference.symbolReference?.path?.[0]?.path
  const target =
    name && reflection.project.children?.flatMap(({ children = [] }) => children).find((child) => child.name === name)
  return target ? { target } : undefined
})

const project = await app.convert()
if (!project) process.exit(1)
app.validate(project)
await app.generateOutputs(project)
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
else console.log(`docs: ${documents.length} pages and ${modules.length} modules are in .docs`)
