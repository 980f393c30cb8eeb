import { linkContract, memoryLink } from '@graphlinks/testing'
import { createOperation, lastResult, chain, mapResults, onSettled, withHeader, type Link } from './index.ts'
import { bearerLink } from './auth/bearerLink.ts'

const tenant: Link = (op, next) => next(withHeader(op, 'x-tenant', 'acme'))
describe('plain', () => linkContract(() => tenant))
describe('async', () =>
  linkContract(() => async (op, next) => next(withHeader(op, 'x-session', await Promise.resolve('s')))))
describe('generator', () =>
  linkContract(
    () =>
      async function* timing(op, next) {
        try {
          yield* next(op)
        } finally {
          void 0
        }
      },
  ))
describe('map', () => linkContract(() => (op, next) => mapResults(next(op), (r) => ({ ...r }))))
describe('settled', () => linkContract(() => (op, next) => onSettled(next(op), () => {})))
describe('bearer', () => linkContract(() => bearerLink(async () => 'abc')))
