import { instantOf, isOver, later, systemClock } from './clock.ts'

const fires = (start: (delayMs: number, callback: () => void) => () => void, delayMs: number): Promise<void> =>
  new Promise((resolve) => start(delayMs, resolve))

test('the clock of the system: one that never goes back, and the date', () => {
  const before = [performance.now(), Date.now()] as const
  const { now, date } = instantOf(systemClock)
  const after = [performance.now(), Date.now()] as const
  expect(now).toBeGreaterThanOrEqual(before[0])
  expect(now).toBeLessThanOrEqual(after[0])
  expect(date).toBeGreaterThanOrEqual(before[1])
  expect(date).toBeLessThanOrEqual(after[1])
})

test.each(['after', 'inBackground'] as const)('%s calls back once, and not where it is cancelled', async (kind) => {
  const late = jest.fn()
  const cancel = systemClock[kind](0, late)
  cancel()
  cancel()
  // Something has to keep the process alive that a timer in the background does not.
  const keepAlive = setInterval(() => {}, 1_000)
  await fires((delayMs, callback) => systemClock[kind](delayMs, callback), 1)
  clearInterval(keepAlive)
  expect(late).not.toHaveBeenCalled()
})

test('a delay of more than 31 bits is a long one, and none that is over at once', async () => {
  const warnings: Error[] = []
  const note = (warning: Error): void => void warnings.push(warning)
  process.on('warning', note)
  const early = jest.fn()
  const cancels = [2 ** 31, 2 ** 40, Infinity].map((delayMs) => systemClock.after(delayMs, early))
  await fires((delayMs, callback) => systemClock.after(delayMs, callback), 5)
  for (const cancel of cancels) cancel()
  process.removeListener('warning', note)
  expect(early).not.toHaveBeenCalled()
  expect(warnings).toEqual([])
})

test('a timer in the background keeps no process alive, where the platform knows of that', () => {
  const [unref, setTimeout] = [jest.fn(), jest.spyOn(globalThis, 'setTimeout')]
  try {
    setTimeout.mockReturnValueOnce({ unref } as never).mockReturnValueOnce(5 as never)
    systemClock.inBackground(1, () => {})
    expect(unref).toHaveBeenCalledTimes(1)
    expect(() => systemClock.inBackground(1, () => {})).not.toThrow()
  } finally {
    setTimeout.mockRestore()
  }
})

test('a moment is over when it lies strictly before, by either clock', () => {
  const moment = later({ now: 5, date: 100 }, 10)
  expect(moment).toEqual({ now: 15, date: 110 })
  for (const [now, date, over] of [
    [15, 110, false],
    [16, 110, true],
    [15, 111, true],
    [0, 0, false],
  ] as const) {
    expect(isOver(moment, { now, date })).toBe(over)
  }
  expect(isOver(undefined, { now: Infinity, date: Infinity })).toBe(false)
})
