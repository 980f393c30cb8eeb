// Runs an example against the demo server: node scripts/run.mjs packages/examples/src/run.ts <name>
import { examples } from './examples.ts'
import { startServer } from './server.ts'

const [name = ''] = process.argv.slice(2)
const example = Object.hasOwn(examples, name) ? examples[name] : undefined
if (example) {
  const server = await startServer()
  try {
    console.dir(await example(server), { depth: null })
    console.log(server.seen.join('\n'))
  } finally {
    await server.close()
  }
} else {
  console.error(`${name ? `There is no example "${name}". ` : ''}Examples: ${Object.keys(examples).join(', ')}`)
  process.exitCode = 1
}
