import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A process that answers the questions of a part. */
export interface Apart {
  readonly ask: <Answer>(question: object) => Promise<Answer>
  readonly end: () => Promise<void>
}

/**
 * Starts a process for one contestant, as in an application: the garbage of others costs, and so do the shapes of their
 * objects. Several can be there at once and be asked in turn.
 */
export function startApart(part: string): Apart {
  const child = fork(process.argv[1] ?? '', [part], { env: { ...process.env, BENCH_APART: 'yes' } })
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => {
    throw new Error(`a process of ${part} ended with ${code}`)
  })
  failed.catch(() => {})
  return {
    async ask<Answer>(question: object) {
      child.send(question)
      const [answer] = (await Promise.race([once(child, 'message'), failed])) as [Answer]
      return answer
    },
    async end() {
      child.kill()
      await exited
    },
  }
}

/** In such a process: answers until it is ended. */
export function answerQuestions(answer: (question: never) => Promise<unknown>): void {
  process.on('message', async (question) => process.send?.(await answer(question as never)))
  process.on('disconnect', () => process.exit())
}
