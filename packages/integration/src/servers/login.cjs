// express-session in front of GraphQL Yoga and graphql-ws: whoever has the cookie of a session is who logged in. Beside it
// a GraphQL endpoint with the double-submit protection of Django, and one whose sessions get another id with each answer.
const { randomBytes } = require('node:crypto')
const express = require('express')
const session = require('express-session')
const { useServer } = require('graphql-ws/use/ws')
const { createSchema, createYoga } = require('graphql-yoga')
const { WebSocketServer } = require('ws')

const passwords = { ada: 'correct horse', bob: 'battery staple' }

/** A session answers under its old id for as long as its requests may be on their way, and expires when it is told to. */
class Store extends session.MemoryStore {
  destroy(_, callback) {
    callback?.()
  }

  expireAll() {
    this.sessions = Object.create(null)
  }
}

const schema = (report) =>
  createSchema({
    typeDefs: /* GraphQL */ `
      type Query {
        me: String
        slow: String
      }
      type Mutation {
        addCity(name: String!): String!
        login(user: String!, password: String!): Boolean!
      }
      type Subscription {
        countdown(from: Int!): String!
      }
    `,
    resolvers: {
      Query: {
        me: (_, __, { user }) => user,
        slow: async (_, __, { user }) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
          return user
        },
      },
      Mutation: {
        addCity: (_, { name }, { user }) => {
          report({ what: 'request', method: 'addCity', url: name })
          return `${name} of ${user}`
        },
        login: (_, { user, password }, { login }) => login(user, password),
      },
      Subscription: {
        countdown: {
          async *subscribe(_, { from }, { user }) {
            for (let number = from; number > 0; number--) yield { countdown: `${number} for ${user}` }
          },
        },
      },
    },
  })

exports.start = function start({ server, report }) {
  const app = express()
  const store = new Store()
  const sessions = session({
    name: 'sid',
    secret: 'a secret of the server',
    resave: false,
    saveUninitialized: false,
    rolling: true,
    store,
    cookie: { httpOnly: true, sameSite: 'lax', maxAge: 3_600_000 },
  })
  const executable = schema(report)
  const yoga = createYoga({
    schema: executable,
    logging: false,
    cors: false,
    graphqlEndpoint: '*',
    context: ({ req }) => ({ user: req.session.user, login: (user, password) => login(req, user, password) }),
  })
  const login = async (req, user, password) => {
    if (passwords[user] !== password) return false
    await new Promise((resolve, reject) => req.session.regenerate((error) => (error ? reject(error) : resolve())))
    req.session.user = user
    return true
  }
  const needsUser = (req, res, next) => {
    if (req.session.user) return next()
    res.status(200).json({ errors: [{ message: 'who are you?', extensions: { code: 'UNAUTHENTICATED' } }] })
  }

  // Pages of other origins may send cookies here, as an API of an application is set up.
  app.use((req, res, next) => {
    if (!req.headers.origin) return next()
    res.set({
      'access-control-allow-origin': req.headers.origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type, x-csrftoken',
      vary: 'origin',
    })
    if (req.method === 'OPTIONS') return res.status(204).end()
    next()
  })
  let pages = {}
  app.use((req, res, next) => {
    const page = pages[req.path]
    if (page) res.set(page.headers).send(page.body)
    else next()
  })
  app.use(sessions)
  app.post('/login', express.json({ type: '*/*' }), async (req, res) => {
    if (!(await login(req, req.body.user, req.body.password))) return res.status(403).send('no')
    res.cookie('csrftoken', randomBytes(16).toString('hex'), { sameSite: 'lax' })
    // To a page that is there, as applications do.
    res.redirect(303, '/welcome')
  })
  app.get('/welcome', (req, res) => res.cookie('theme', 'dark').send(`hello ${req.session.user}`))
  app.use('/graphql', (req, res, next) => (req.query.open ? next() : needsUser(req, res, next)), yoga)
  app.use('/rotating', needsUser, async (req, res, next) => {
    const { user } = req.session
    await new Promise((resolve) => req.session.regenerate(resolve))
    req.session.user = user
    // A name of its own for each answer: what one sets, no other may take away.
    res.cookie(`answer${req.query.n}`, req.query.n)
    await yoga(req, res, next)
  })
  app.use('/django', needsUser, (req, res, next) => {
    const token = /(?:^|; )csrftoken=([^;]+)/.exec(req.headers.cookie ?? '')?.[1]
    if (token && req.headers['x-csrftoken'] === token) return yoga(req, res, next)
    res.status(403).send('<h1>CSRF verification failed</h1>')
  })
  server.on('request', app)

  const socketServer = new WebSocketServer({ noServer: true })
  socketServer.on('headers', (headers, req) => headers.push(`set-cookie: socket=${req.session.user}; Path=/`))
  useServer({ schema: executable, context: ({ extra }) => ({ user: extra.request.session.user }) }, socketServer)
  server.on('upgrade', (req, socket, head) => {
    report({ what: 'opened', url: req.url, headers: req.headers })
    // What the middleware would set has no place in this response.
    const res = { setHeader() {}, getHeader() {}, end() {}, writeHead() {}, on() {} }
    sessions(req, res, () => {
      if (req.session?.user)
        return socketServer.handleUpgrade(req, socket, head, (each) => socketServer.emit('connection', each, req))
      socket.end('HTTP/1.1 401 Unauthorized\r\nset-cookie: refused=1; Path=/\r\ncontent-length: 0\r\n\r\n')
    })
  })
  return { expireSessions: () => store.expireAll(), pages: (given) => (pages = given) }
}
