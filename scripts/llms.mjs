// llms.txt, which tells a language model what there is to read (https://llmstxt.org).
import { guides, summaryOf, titleOf } from './markdown.mjs'
import { publishable } from './packages.mjs'

const introduction = `# graphlinks

> A GraphQL client for TypeScript, built as a pipeline of links: small functions between a call and the network.
> Authentication is its heart: bearer, basic, API key, cookies, refreshed tokens and signatures, for queries, mutations
> and subscriptions, over HTTP and WebSocket alike.

- A link is \`(operation, next) => results\`, where results are an async iterable. The first link of \`chain(...)\` is the
  outermost; the last one is a terminal link, such as \`httpLink\` or \`wsLink\`.
- \`client.query\` and \`client.mutate\` resolve to \`{ data, errors, extensions, http }\`: GraphQL's errors are data, and
  what left no result is thrown. \`client.request\` gives the data or throws. \`client.subscribe\` is for \`for await\`.
- There is no cache of results.
- Every \`ts\` example of these pages is compiled and run by the tests.`

const line = (path, title, summary) => `- [${title}](${path})${summary && `: ${summary}`}`
const page = (path) => line(path, titleOf(path), summaryOf(path))
const inFolder = (folder) => guides.filter((path) => path.startsWith(`docs/${folder}/`)).map(page)

/** @returns the text of llms.txt: every page of the tree, with its first sentence. */
export function llmsText() {
  const sections = {
    Packages: publishable.map(({ dir, manifest }) =>
      line(`packages/${dir}/README.md`, manifest.name, `${manifest.description}.`.replace('..', '.')),
    ),
    Guides: ['README.md', ...guides.filter((path) => /^docs\/[^/]+$/.test(path))].map(page),
    Links: inFolder('links'),
    Recipes: inFolder('recipes'),
    'Coming from another client': inFolder('coming-from'),
    'Error codes': inFolder('errors'),
    Optional: guides.filter((path) => /^[A-Z]+\.md$/.test(path) && path !== 'README.md').map(page),
  }
  const parts = Object.entries(sections).filter(([, lines]) => lines.length > 0)
  return `${[introduction, ...parts.map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}`)].join('\n\n')}\n`
}
