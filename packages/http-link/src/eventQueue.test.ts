import { QueueOverflowError, type Result } from '@graphlinks/core'
import { EventQueue } from './eventQueue.ts'

const result = (n: number): Result => ({ data: { n } })
const over = { done: true, value: undefined }

describe('the queue of a subscription that shares its stream', () => {
  test('gives what came before and what comes later in order, to each reader one', async () => {
    const queue = new EventQueue(() => {})
    queue.push(result(0))
    const steps = [queue.next(), queue.next(), queue.next()]
    queue.push(result(1))
    queue.end()
    queue.push(result(2))
    expect(await Promise.all(steps)).toEqual([
      { done: false, value: result(0) },
      { done: false, value: result(1) },
      over,
    ])
  })

  test('an error comes after what waits, once; the first end counts', async () => {
    const queue = new EventQueue(() => {})
    queue.push(result(0))
    queue.fail(new Error('first'))
    queue.fail(new Error('second'))
    expect(await queue.next()).toEqual({ done: false, value: result(0) })
    await expect(queue.next()).rejects.toThrow('first')
    expect(await queue.next()).toEqual(over)
  })

  test('leaving closes the source once, and lets go of what waits', async () => {
    let closed = 0
    const queue = new EventQueue(() => closed++)
    queue.push(result(0))
    for await (const first of queue) {
      expect(first).toEqual(result(0))
      queue.push(result(1))
      break
    }
    await queue.return()
    expect(await queue.next()).toEqual(over)
    expect(closed).toBe(1)
  })

  test('a thousand results wait; one more ends it, after they were read', async () => {
    let closed = 0
    const queue = new EventQueue(() => closed++)
    for (let n = 0; n < 1_000; n++) queue.push(result(n))
    expect(closed).toBe(0)
    queue.push(result(1_000))
    expect(closed).toBe(1)
    const read: Result[] = []
    const reading = async (): Promise<void> => {
      for await (const each of queue) read.push(each)
    }
    await expect(reading()).rejects.toThrow(QueueOverflowError)
    expect(read).toHaveLength(1_000)
    expect(closed).toBe(1)
  })
})
