// Records what the servers answer to @defer, @stream and subscriptions, byte for byte, for the tests of http-link's
// decoders: node packages/integration/src/servers/record.mjs, by hand, when a server has a new version.
//
// <name>.http is the body, free of HTTP's own framing; <name>.json says where it is from, the payloads that are in it, and
// `plain`, what the server answers when nothing is deferred or streamed.
import { fork, spawnSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../http-link/src/fixtures', import.meta.url))

const isGrafservThere = process.env.GRAFSERV !== undefined
if (!isGrafservThere) console.log('grafserv: left as it is, see grafserv.cjs')

const plain = 'application/graphql-response+json, application/json;q=0.9'
const legacy = 'multipart/mixed;deferSpec=20220824'
const current = `multipart/mixed;incrementalSpec=v0.2, ${legacy}`
/** What to accept from each server for @defer and @stream. */
const incremental = {
  yoga: current,
  'yoga-graphql17': current,
  'apollo-alpha2': legacy,
  'apollo-alpha9': current,
  ...(isGrafservThere && { grafserv: current }),
}
/** And for subscriptions. */
const streams = {
  yoga: 'text/event-stream',
  'graphql-sse': 'text/event-stream',
  ...(isGrafservThere && { grafserv: `multipart/mixed;subscriptionSpec=1.0, ${plain}` }),
}

const documents = {
  defer: 'query ($on: Boolean! = true) { me { name ... @defer(if: $on) { slow } } }',
  'defer-nested': /* GraphQL */ `
    query ($on: Boolean! = true) {
      me {
        name
        ...Outer @defer(if: $on, label: "outer")
        ... @defer(if: $on, label: "side") {
          slow
        }
      }
    }
    fragment Outer on Person {
      slow
      city {
        name
        ... @defer(if: $on, label: "inner") {
          slow
          people {
            name
          }
        }
      }
    }
  `,
  stream: 'query ($on: Boolean! = true) { numbers(to: 4, apart: true) @stream(if: $on, initialCount: 1) }',
  'stream-at-once':
    'query ($on: Boolean! = true) { numbers(to: 12) @stream(if: $on, initialCount: 2, label: "numbers") }',
  'defer-stream': /* GraphQL */ `
    query ($on: Boolean! = true) {
      hello
      me {
        ... @defer(if: $on, label: "friends") {
          slow
          friends(apart: true) @stream(if: $on, label: "friend") {
            name
            ... @defer(if: $on) {
              slow
              city {
                name
              }
            }
          }
        }
      }
    }
  `,
  'stream-defer': /* GraphQL */ `
    query ($on: Boolean! = true) {
      people @stream(if: $on, initialCount: 1) {
        id
        ... @defer(if: $on) {
          slow
        }
      }
      numbers(to: 3, apart: true) @stream(if: $on)
    }
  `,
  'field-error': 'query ($on: Boolean! = true) { me { name ... @defer(if: $on) { slow boom } } }',
  'fragment-error':
    'query ($on: Boolean! = true) { me(id: "3") { name ... @defer(if: $on, label: "bad") { fatal } ... @defer(if: $on) { slow } } }',
  'list-error': 'query ($on: Boolean! = true) { people @stream(if: $on, initialCount: 1) { name fatal } hello }',
  text: /* GraphQL */ `
    query ($on: Boolean! = true, $boundary: String!, $json: String!, $words: String!) {
      boundary: echo(text: $boundary)
      me {
        name
        ... @defer(if: $on) {
          boundary: echo(text: $boundary)
          json: echo(text: $json)
        }
        ... @defer(if: $on) {
          words: echo(text: $words)
          friends {
            name
            city {
              name
            }
          }
        }
      }
    }
  `,
  off: 'query ($on: Boolean! = false) { me { name ... @defer(if: $on) { slow } } }',
}
const variables = {
  text: {
    boundary: '--\r\n---\r\nContent-Type: application/json\r\n\r\n{"hasNext":false}\r\n-----\r\n',
    json: '{"data":{"}\\"]": [ "\\\\" ] }',
    words: 'Grüße, Ωmega, мир, 東京, \u{1F468}\u200D\u{1F469}\u200D\u{1F467} \u0000 \u2028 \uFEFF',
  },
}

const subscriptions = {
  count: 'subscription { count(to: 3) }',
  silent: 'subscription { count(to: 0) }',
  invalid: 'subscription { missing }',
}

async function serve(name, run) {
  const child = fork(fileURLToPath(new URL('serve.mjs', import.meta.url)), [name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  try {
    const url = await new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message.url))
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
    })
    await run(url)
  } finally {
    child.kill()
  }
}

function post(url, accept, params) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept }
    const sent = request(url, { method: 'POST', headers, agent: false }, async (response) => {
      const chunks = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({
        status: response.statusCode,
        contentType: response.headers['content-type'],
        body: Buffer.concat(chunks),
      })
    })
    sent.on('error', reject).end(JSON.stringify(params))
  })
}

/** What is between the delimiters: easy with a whole body, since in JSON no line begins with one. */
function partsOf({ contentType, body }) {
  const boundary = /boundary="?([^";]+)/.exec(contentType)[1]
  const [, ...parts] = `\r\n${body}`.split(`\r\n--${boundary}`)
  const last = parts.pop()
  if (last.trim() !== '--') throw new Error(`${last} is not an end`)
  return parts.map((part) => JSON.parse(part.slice(part.indexOf('\r\n\r\n') + 4)))
}

function eventsOf({ body }) {
  const data = [...String(body).matchAll(/^event: next\ndata: (.*)$/gm)]
  return data.map(([, text]) => JSON.parse(text))
}

function payloadsOf(answer) {
  const { contentType, body } = answer
  if (contentType.startsWith('multipart/mixed')) return partsOf(answer)
  return contentType.startsWith('text/event-stream') ? eventsOf(answer) : [JSON.parse(body)]
}

function write(name, { body, ...answer }, details) {
  writeFileSync(join(folder, `${name}.http`), body)
  const sidecar = { ...details, ...answer, payloads: payloadsOf({ body, ...answer }) }
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(sidecar, null, 2))
  console.log(`${name}: ${body.length} bytes, ${sidecar.payloads.length} payloads, ${answer.contentType}`)
}

async function recordIncremental(server, accept) {
  await serve(server, async (url) => {
    for (const [name, text] of Object.entries(documents)) {
      const query = text.replace(/\s+/g, ' ').trim()
      const params = { query, variables: variables[name] }
      const undeferred = await post(url, 'application/json', { query, variables: { ...variables[name], on: false } })
      const answer = await post(url, `${accept}, ${plain}`, params)
      write(`${server}-${name}`, answer, { server, accept, ...params, plain: JSON.parse(undeferred.body) })
    }
  })
}

async function recordSubscriptions(server, accept) {
  await serve(server, async (url) => {
    for (const [name, query] of Object.entries(subscriptions)) {
      write(`${server}-${name}`, await post(url, accept, { query }), { server, accept, query })
    }
  })
}

for (const file of readdirSync(folder)) {
  const isOutdated = isGrafservThere || !file.startsWith('grafserv-')
  if (isOutdated && /\.(http|json)$/.test(file)) rmSync(join(folder, file))
}
for (const [server, accept] of Object.entries(incremental)) await recordIncremental(server, accept)
for (const [server, accept] of Object.entries(streams)) await recordSubscriptions(server, accept)
spawnSync('npx', ['oxfmt', folder], { stdio: 'inherit' })
