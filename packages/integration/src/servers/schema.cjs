// The schema of all servers. They differ in what they support of it.
const { setImmediate, setTimeout } = require('node:timers/promises')
const { buffer } = require('node:stream/consumers')
const { buildSchema, GraphQLError, version } = require('graphql')

// Before it was part of the language, and where a plugin adds nothing.
const incrementalDirectives = /* GraphQL */ `
  directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
  directive @stream(if: Boolean! = true, label: String, initialCount: Int = 0) on FIELD
`

const typeDefs = /* GraphQL */ `
  scalar Upload

  type Query {
    hello: String!
    me(id: ID! = "1"): Person
    people: [Person!]!
    "What it is given, through JSON, headers and framing."
    echo(text: String!): String!
    "From 1 on. Items that come apart are there one after the other."
    numbers(to: Int!, apart: Boolean! = false): [Int!]!
    "Never answered."
    never: String
    boom: String
    "The token that the WebSocket was opened with."
    viewer: String
    "How often addCity was executed, since the last reset."
    citiesAdded: Int!
    "Answered when the server is told to release it."
    held: String!
  }

  type Person {
    id: ID!
    name: String!
    "Comes later than what is not slow."
    slow: String!
    echo(text: String!): String!
    friends(apart: Boolean! = false): [Person!]!
    city: City!
    "Fails, and is null."
    boom: String
    "Fails for the third, and takes its parent along."
    fatal: String!
  }

  type City {
    name: String!
    slow: String!
    people: [Person!]!
  }

  type UploadedFile {
    name: String!
    type: String!
    size: Int!
    "Its content as UTF-8."
    text: String!
  }

  type Mutation {
    "With \`held\`, it is answered when the server is told to release it."
    addCity(name: String!, held: Boolean! = false): City!
    "How often addCity was executed."
    reset: Int!
    "With the note \`unanswered\` the file is read, and there is no answer."
    upload(file: Upload!, note: String): UploadedFile!
    uploadMany(files: [Upload!]!): [UploadedFile!]!
  }

  type Subscription {
    "1 to that many."
    count(to: Int!, everyMs: Int! = 0): Int!
    "That many to 1."
    countdown(from: Int!): Int!
    "1, 2, 3, and so on without end."
    ticker(everyMs: Int! = 5): Int!
    "1 to that many, and 2 fails."
    flaky(to: Int!): Int
    "Sends two, and fails."
    failing: Int!
    "No event ever."
    silence: Int
  }
`

const people = [
  { id: '1', name: 'Ada', city: 'London', friends: ['2', '3'] },
  { id: '2', name: 'Zoë', city: 'Gdańsk', friends: ['1', '3'] },
  { id: '3', name: '小野', city: '東京', friends: ['1', '2'] },
]
const personOf = (id) => people.find((person) => person.id === id)
let citiesAdded = 0
const holding = new Set()

async function turns(count) {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

/** With `apart`, each item is there some turns of the event loop after the one before. */
const items = (list, apart) => (apart ? list.map((item, index) => turns(3 * index + 3).then(() => item)) : list)

function fail(message) {
  throw new GraphQLError(message, { extensions: { code: 'BOOM' } })
}

function held(report, value, context) {
  report({ what: 'held', socket: context?.socketNumber })
  return new Promise((resolve) => holding.add(() => resolve(value)))
}

/** Lets everything that is held be answered. */
exports.release = function release() {
  for (const answer of holding) answer()
  holding.clear()
}

const later = (text) => turns(4).then(() => text)

// Yoga passes a File, the others what the graphql-upload family makes.
async function receive(upload) {
  const file = await upload
  const content = file.createReadStream ? await buffer(file.createReadStream()) : Buffer.from(await file.arrayBuffer())
  const { filename: name = file.name, mimetype: type = file.type } = file
  return { name, type, size: content.length, text: content.toString() }
}

function resolversOf(report) {
  /** Iterables say once when they are closed, also while somebody waits for their next value. */
  const closing = (iterator, context) => {
    let isClosed = false
    return {
      next: () => iterator.next(),
      async return() {
        if (!isClosed) report({ what: 'unsubscribed', socket: context?.socketNumber })
        isClosed = true
        // A generator closes only when it is not waiting.
        void iterator.return?.()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
  async function* count({ to, everyMs }) {
    for (let value = 1; value <= to; value++) {
      await (everyMs > 0 ? setTimeout(everyMs) : setImmediate())
      yield { count: value }
    }
  }
  async function* countdown({ from }) {
    for (let value = from; value > 0; value--) {
      await setImmediate()
      yield { countdown: value }
    }
  }
  async function* ticker({ everyMs }) {
    for await (const { count: ticker } of count({ to: Infinity, everyMs })) yield { ticker }
  }
  async function* flaky({ to }) {
    for await (const { count: flaky } of count({ to, everyMs: 0 })) yield { flaky }
  }
  async function* failing() {
    yield { failing: 1 }
    yield { failing: 2 }
    fail('the source failed')
  }
  return {
    Query: {
      hello: () => 'world',
      me: (_, { id }) => personOf(id),
      people: () => people,
      echo: (_, { text }) => text,
      numbers: (_, { to, apart }) =>
        items(
          Array.from({ length: to }, (__, index) => index + 1),
          apart,
        ),
      never: () => new Promise(() => {}),
      boom: () => fail('boom'),
      viewer: (_, __, context) => context?.viewer,
      citiesAdded: () => citiesAdded,
      held: (_, __, context) => held(report, 'released', context),
    },
    Person: {
      slow: ({ name }) => later(`slow ${name}`),
      echo: (_, { text }) => later(text),
      friends: ({ friends }, { apart }) => items(friends.map(personOf), apart),
      city: ({ city }) => ({ name: city }),
      boom: () => later().then(() => fail('boom')),
      fatal: ({ id, name }) => later(name).then((text) => (id === '3' ? fail('fatal') : text)),
    },
    City: {
      slow: ({ name }) => later(`slow ${name}`),
      people: ({ name }) => people.filter(({ city }) => city === name),
    },
    Mutation: {
      addCity: (_, { name, held: isHeld }, context) => {
        citiesAdded++
        return isHeld ? held(report, { name }, context) : { name }
      },
      reset: () => {
        const count = citiesAdded
        citiesAdded = 0
        return count
      },
      upload: (_, { file, note }) =>
        note === 'unanswered' ? receive(file).then(() => new Promise(() => {})) : receive(file),
      uploadMany: (_, { files }) => Promise.all(files.map(receive)),
    },
    Subscription: {
      count: { subscribe: (_, args, context) => closing(count(args), context) },
      countdown: { subscribe: (_, args, context) => closing(countdown(args), context) },
      ticker: { subscribe: (_, args, context) => closing(ticker(args), context) },
      flaky: {
        subscribe: (_, args, context) => closing(flaky(args), context),
        resolve: ({ flaky: value }) => (value === 2 ? fail('flaky') : value),
      },
      failing: { subscribe: (_, __, context) => closing(failing(), context) },
      silence: { subscribe: (_, __, context) => closing({ next: () => new Promise(() => {}) }, context) },
    },
  }
}

/** @param report - is told when the source of a subscription is closed, and when an answer is held. */
exports.makeSchema = function makeSchema({ report, hasDirectives = version.startsWith('17') }) {
  const schema = buildSchema(hasDirectives ? incrementalDirectives + typeDefs : typeDefs)
  for (const [type, resolvers] of Object.entries(resolversOf(report)))
    for (const [name, resolver] of Object.entries(resolvers)) {
      const field = schema.getType(type).getFields()[name]
      Object.assign(field, typeof resolver === 'function' ? { resolve: resolver } : resolver)
    }
  schema.getType('Upload').parseValue = (value) => value.promise ?? value
  return schema
}
