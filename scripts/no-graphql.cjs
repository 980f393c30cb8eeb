// What tests get in place of graphql that are not known to load it, and hence run only once.
throw new Error(
  'This test loads graphql. Name it in jest.config.ts, under loadsGraphql, so that it runs with each major.',
)
