// Checks the pages: that their links lead somewhere, that each link and each error code has its page, that llms.txt and
// the pictures are what their scripts make. `--write` writes what can be made.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { posix } from 'node:path'
import { errorClasses } from './error-classes.mjs'
import { llmsText } from './llms.mjs'
import { anchorsOf, guides, linksOf, prose, titleOf } from './markdown.mjs'
import { publishable, root } from './packages.mjs'
import { pictures } from './pictures.mjs'

const complaints = []

function checkLinks(page) {
  for (const { target, line } of linksOf(page)) {
    if (/^[a-z][a-z+.-]*:/.test(target)) continue
    const [path, anchor] = target.split('#')
    const file = path === '' ? page : posix.join(posix.dirname(page), decodeURI(path))
    const complain = (what) => complaints.push(`${page}:${line}: ${target}: ${what}`)
    if (!existsSync(root + file)) complain('there is no such file')
    else if (statSync(root + file).isDirectory()) complain('link a file, since a folder has no page')
    else if (anchor && file.endsWith('.md') && !anchorsOf(file).has(anchor)) complain('there is no such heading')
  }
}

/** The pages that can be reached from README.md by links. */
function reachable() {
  const seen = new Set(['README.md'])
  for (const page of seen) {
    for (const { target } of linksOf(page)) {
      const file = posix.join(posix.dirname(page), target.split('#')[0])
      if (guides.includes(file)) seen.add(file)
    }
  }
  return seen
}

/**
 * Each link that a package exports for applications, from a file of its own name, has a page. `memoryLink` is a tool for
 * tests.
 */
function checkLinkPages() {
  for (const { dir, path } of publishable.filter((pkg) => pkg.dir !== 'testing')) {
    const [index] = readFileSync(`${path}/src/index.ts`, 'utf8').split('// For authors of links')
    for (const [, name] of index.matchAll(/^export \{ (\w+Link)\b[^}]*\} from '\.\/(?:\w+\/)*\1\.ts'/gm)) {
      if (!existsSync(`${root}docs/links/${name}.md`))
        complaints.push(`docs/links/${name}.md: is missing, for packages/${dir}`)
    }
  }
}

function checkErrorPages() {
  const overview = prose('docs/errors.md')
  for (const { code, name, file } of errorClasses) {
    const page = `docs/errors/${code}.md`
    if (!overview.some((line) => line.startsWith(`| [\`${code}\`](errors/${code}.md) | \`${name}\``)))
      complaints.push(`docs/errors.md: no row | [\`${code}\`](errors/${code}.md) | \`${name}\` | of ${file}`)
    if (!existsSync(root + page))
      complaints.push(`${page}: is missing, for ${name} of ${file}; copy the shape of its neighbours`)
    else checkErrorPage(page, name)
  }
  for (const page of guides.filter((path) => path.startsWith('docs/errors/'))) {
    if (!errorClasses.some(({ code }) => page === `docs/errors/${code}.md`))
      complaints.push(`${page}: no class has this code`)
  }
}

function checkErrorPage(page, name) {
  const text = readFileSync(root + page, 'utf8')
  const required = [
    `# ${posix.basename(page, '.md')}\n`,
    '\n## What happened, and why\n',
    '\n## What to do\n',
    '\n```ts\n',
    name,
  ]
  for (const part of required) {
    if (!text.includes(part)) complaints.push(`${page}: has no ${JSON.stringify(part.trim())}`)
  }
}

/** The overview, with each code of its tables linked to its page. */
const overviewText = () =>
  readFileSync(`${root}docs/errors.md`, 'utf8').replaceAll(/^\| `([A-Z_]+)` \|/gm, '| [`$1`](errors/$1.md) |')

const generated = { 'docs/errors.md': overviewText(), 'llms.txt': llmsText(), ...pictures() }
for (const [path, text] of Object.entries(generated)) {
  if (process.argv.includes('--write')) writeFileSync(root + path, text)
  else if (!existsSync(root + path) || readFileSync(root + path, 'utf8') !== text)
    complaints.push(`${path}: is not up to date; npm run docs:write`)
}

for (const page of guides) {
  titleOf(page)
  checkLinks(page)
}
const linked = reachable()
for (const page of guides) {
  if (!linked.has(page)) complaints.push(`${page}: no page that README.md leads to links it`)
}
checkLinkPages()
checkErrorPages()

for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exitCode = 1
else console.log(`pages: ${guides.length} pages and ${errorClasses.length} error codes are in order`)
