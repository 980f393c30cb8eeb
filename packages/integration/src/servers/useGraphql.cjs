// Makes another version of graphql the one that everything in this process gets. One package tree holds all of them, by
// aliases; this is what `moduleNameMapper` does in Jest.
const Module = require('node:module')

const resolve = Module._resolveFilename

module.exports = function useGraphql(alias) {
  Module._resolveFilename = function (request, ...rest) {
    return resolve.call(this, request.replace(/^graphql(?=\/|$)/, alias), ...rest)
  }
}
