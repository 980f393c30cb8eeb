import { expectTypeOf } from 'expect-type'
import { memoryLink } from '@graphlinks/testing'
import {
  chain,
  contextKey,
  createOperation,
  emptyContext,
  lastResult,
  withContext,
  type Link,
  type Operation,
} from './index.ts'

const traceId = contextKey<string>('traceId')
const attempt = contextKey<number>('attempt')

test('a value is found under its key, typed, and two keys of one name are different', () => {
  const context = emptyContext.with(traceId, 'abc').with(attempt, 0)
  expectTypeOf(context.get(traceId)).toEqualTypeOf<string | undefined>()
  expect([context.get(traceId), context.get(attempt)]).toEqual(['abc', 0])
  expect(context.get(contextKey<string>('traceId'))).toBeUndefined()
  expect(emptyContext.get(traceId)).toBeUndefined()
  expect(Object.isFrozen(traceId)).toBe(true)
  // @ts-expect-error the value has the type of its key
  emptyContext.with(attempt, 'no number')
})

test('K-1 a context is immutable: the newest value wins in the copy, and the old one stays what it was', () => {
  const one = emptyContext.with(traceId, 'one')
  const two = one.with(traceId, 'two')
  const gone = two.with(traceId, undefined as never)
  expect([one.get(traceId), two.get(traceId), gone.get(traceId)]).toEqual(['one', 'two', undefined])
  expect(emptyContext.get(traceId)).toBeUndefined()
})

test('links hand values inwards, callers hand values to links, and siblings see nothing', async () => {
  const seen: [string | undefined, number | undefined][] = []
  const read: Link = (operation, next) => {
    seen.push([operation.context.get(traceId), operation.context.get(attempt)])
    return next(operation)
  }
  const set: Link = (operation, next) => next(withContext(operation, traceId, 'of the link'))
  const operation = createOperation({ document: '{ a }', context: emptyContext.with(attempt, 1) })
  await lastResult(chain(read, set, read, memoryLink()), operation)
  expect(seen).toEqual([
    [undefined, 1],
    ['of the link', 1],
  ])
  expect((operation as Operation).context.get(traceId)).toBeUndefined()
})
