import { existsSync, readdirSync, readFileSync } from 'node:fs'
import GithubSlugger from 'github-slugger'
import { publishable, root } from './packages.mjs'

const inFolder = (folder) =>
  readdirSync(root + folder, { recursive: true })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md'))
    .toSorted()

/** The Markdown files that users read, as paths from the root. */
export const guides = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((path) => existsSync(root + path)),
  ...inFolder('docs'),
  ...publishable.map(({ dir }) => `packages/${dir}/README.md`),
]

/** The lines of a file, those within fences and comments emptied, so that what is left is prose. */
export function prose(path) {
  let inFence = false
  return readFileSync(root + path, 'utf8')
    .replaceAll(/<!--[^]*?-->/g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line) => {
      const isFence = /^\s*```/.test(line)
      if (isFence) inFence = !inFence
      return isFence || inFence ? '' : line
    })
}

const withoutMarkup = (text) => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '')

/** @returns the first heading. */
export function titleOf(path) {
  const heading = prose(path).find((line) => line.startsWith('# '))
  if (!heading) throw new Error(`${path} has no heading`)
  return withoutMarkup(heading.slice(2)).trim()
}

/** @returns the first sentence below the first heading, without markup. */
export function summaryOf(path) {
  const lines = prose(path)
  const rest = lines.slice(lines.findIndex((line) => line.startsWith('# ')) + 1)
  const [paragraph = ''] = rest
    .join('\n')
    .trim()
    .split(/\n\s*\n/)
  return /^.*?[.:](?=\s|$)/s.exec(withoutMarkup(paragraph))?.[0].replaceAll(/\s+/g, ' ').replace(/:$/, '.') ?? ''
}

/** The names of the places in a page, as GitHub and typedoc make them out of headings. */
export function anchorsOf(path) {
  const slugger = new GithubSlugger()
  return new Set(
    prose(path)
      .filter((line) => /^#{1,6} /.test(line))
      .map((line) => slugger.slug(withoutMarkup(line.replace(/^#+ /, '')).trim())),
  )
}

/** What a page links to: `{ target, line }`, images and the pictures of HTML included. */
export function linksOf(path) {
  return prose(path).flatMap((text, index) => {
    const line = text.replaceAll(/`[^`]*`/g, '')
    const inline = [...line.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)]
    const references = [...line.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)]
    const html = [...line.matchAll(/(?:href|src|srcset)="([^"\s]+)"/g)]
    return [...inline, ...references, ...html].map(([, target]) => ({ target, line: index + 1 }))
  })
}
