// Runs the built packages against a real server, as ES modules and as CommonJS: tests run from the sources, where no file
// is apart from the rest that loads lazily, and no class could be there twice. To be run with
// --no-experimental-require-module: otherwise Node takes the ES modules for `require`, too (condition `module-sync`).
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { root } from './packages.mjs'

const require = createRequire(`${root}package.json`)
const names = ['core', 'http-link', 'http-link/undici', 'core/deferred'].map((name) => `@graphlinks/${name}`)
const formats = {
  ESM: await Promise.all(names.map((name) => import(name))),
  CommonJS: names.map((name) => require(name)),
}

assert.notEqual(formats.ESM[0].createClient, formats.CommonJS[0].createClient, 'CommonJS was not loaded')

for (const [format, [core, http]] of Object.entries(formats)) {
  // Errors and warnings name links by the names of their functions.
  assert.equal(core.bearerLink('t').name, 'bearerLink', format)
  assert.equal(http.httpLink({ url: 'https://api.example.com/graphql' }).name, 'httpLink', format)
}

// Copies of functions, and of the classes of what they give, are as good as one.
for (const [format, [core, , , copies]] of Object.entries(formats)) {
  const field = { link: 'test', name: 'x-key', value: 'abc' }
  const operation = copies.withExtensions(copies.withCredential(core.createOperation({ document: '{ a }' }), field), {
    id: 1,
  })
  const { headers } = core.renderFields(operation, { endpoint: new URL('https://api.example.com/'), link: 'test' })
  assert.deepEqual([[...headers], operation.extensions], [[['x-key', 'abc']], { id: 1 }], format)
  assert.equal(copies.identityOf(operation).reveal(), core.identityOf(operation).reveal(), format)
  const renewed = await copies.renewCredentials(operation)
  assert.equal(core.identityOf(renewed).reveal(), core.identityOf(operation).reveal(), format)
}

const server = fork(`${root}packages/integration/src/servers/serve.mjs`, ['yoga'], { execArgv: [] })
const [{ url }] = await once(server, 'message')
for (const [format, [core, http, { undiciTransport }]] of Object.entries(formats)) {
  for (const transport of [undefined, undiciTransport()]) {
    await check(core, http, { csrf: 'yoga', transport })
    console.log(`built packages as ${format}, over ${transport ? 'undici' : 'fetch'}: in order`)
  }
}
server.kill()

async function check({ bearerLink, chain, createClient }, { httpLink, ...errors }, common) {
  const clients = []
  const clientOf = (options) => {
    const client = createClient({ link: chain(bearerLink('t'), httpLink({ url, ...common, ...options })) })
    clients.push(client)
    return client
  }
  const counted = async (options) => {
    const counts = []
    for await (const { data } of clientOf(options).subscribe('subscription { count(to: 3) }')) counts.push(data.count)
    return counts
  }
  assert.deepEqual(await clientOf().request('{ hello }'), { hello: 'world' })
  assert.deepEqual(await clientOf({ queryMethod: 'GET' }).request('{ hello }'), { hello: 'world' })
  assert.ok((await clientOf().request('{ me { ... @defer { slow } } }')).me.slow)
  assert.deepEqual(await counted(), [1, 2, 3])
  assert.deepEqual(await counted({ url: `${url}/stream`, subscriptions: 'single-connection' }), [1, 2, 3])
  const upload = 'mutation ($file: Upload!) { upload(file: $file) { text } }'
  assert.deepEqual(await clientOf().request(upload, { file: new Blob(['abc']) }), { upload: { text: 'abc' } })
  await assert.rejects(clientOf({ url: `${url}/nowhere` }).query('{ hello }'), errors.HttpError)
  await assert.rejects(clientOf({ maxResponseBytes: 5 }).query('{ hello }'), errors.ResponseTooLargeError)
  await Promise.all(clients.map((client) => client.dispose()))
}
