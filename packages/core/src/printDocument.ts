/** Loaded with the first document that is an AST. A file of its own: of `import('graphql')`, bundlers take all. */
export { print } from 'graphql'
