import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startTimedWork, type TimedWork } from './timed-work.ts'

const log = pino({ level: 'silent' })

/** A gate that somebody waits behind until it is opened. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

test('a tenant that is left out waits for what was begun, and is worked for again afterwards', async () => {
  const done: string[] = []
  const held = gate()
  const begun = gate()
  const work: TimedWork = {
    name: 'work',
    tenantsDue: async () => ['left-out', 'other'],
    async runDue(tenantId) {
      begun.open()
      await held.opened
      done.push(tenantId)
    },
    nextDueAt: async () => undefined,
  }
  const timed = startTimedWork({ works: [work], log, everyMs: 600_000 })
  await begun.opened
  const alone = timed.without('left-out', async () => {
    // What had begun for it has ended, and nothing begins while this goes on.
    expect(done).toEqual(['left-out', 'other'])
    await timed.drain()
    expect(done).toEqual(['left-out', 'other', 'other'])
    return 'answer'
  })
  held.open()
  expect(await alone).toBe('answer')
  await timed.drain()
  expect(done.slice(3)).toEqual(['left-out', 'other'])
  await timed.close()
})

test('a tenant is left out as long as anybody wants it so, also when one of them fails', async () => {
  const done: string[] = []
  const work: TimedWork = {
    name: 'work',
    tenantsDue: async () => ['left-out'],
    async runDue(tenantId) {
      done.push(tenantId)
    },
    nextDueAt: async () => undefined,
  }
  const timed = startTimedWork({ works: [work], log, everyMs: 600_000 })
  await timed.drain()
  done.length = 0
  await timed.without('left-out', async () => {
    const failing = timed.without('left-out', () => Promise.reject(new Error('no')))
    await expect(failing).rejects.toThrow('no')
    await timed.drain()
    expect(done).toEqual([])
  })
  await timed.drain()
  expect(done).toEqual(['left-out'])
  await timed.close()
})
