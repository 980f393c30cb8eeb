// graphql-http with the uploads of graphql-upload, which needs the form's fields in their order.
const { createHandler } = require('graphql-http/lib/use/http')
const { processRequest } = require('graphql-upload-minimal')
const { makeSchema } = require('./schema.cjs')

exports.start = function start({ server, report }) {
  const schema = makeSchema({ report })
  const plain = createHandler({ schema })
  server.on('request', async (request, response) => {
    if (!request.headers['content-type']?.startsWith('multipart/form-data')) return plain(request, response)
    try {
      const params = await processRequest(request, response)
      await createHandler({ schema, parseRequestParams: () => params })(request, response)
    } catch (error) {
      response.writeHead(error.status ?? 500).end(error.message)
    }
  })
}
