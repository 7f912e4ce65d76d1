import { describe, expect, test } from 'vitest'
import type { StoredEvent } from '../../../events/index.ts'
import { changesOf } from './level-changes.ts'
import type { Level, Run } from './levels-of.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 2, 10, 12, minute))

function event(type: string, minute: number): StoredEvent {
  return {
    messageId: `e-${minute}`,
    type: `event.${type}`,
    data: {},
    metadata: {},
    occurredAt: at(minute),
    seq: minute,
  } as unknown as StoredEvent
}

const level = (number: number, more: Partial<Level> = {}): Level => ({
  messageId: `m-${number}`,
  number,
  channel: 'email',
  status: 'SENT',
  isInOutbox: false,
  isWritten: true,
  isDropped: false,
  hasLink: true,
  createdAt: at(number * 10),
  sentAt: at(number * 10 + 2),
  bouncedAt: null,
  ...more,
})

const run = (levels: Level[], more: Partial<Run> = {}): Run => ({
  runId: 'r',
  state: 'RUNNING',
  endedAt: null,
  levels,
  ...more,
})

/** What is told: `<level> <standing>` of each, `=` in front where something else changed. */
function told(of: Run, what: { type: string; minute: number; own?: number }): string[] {
  const own = of.levels.find(({ number }) => number === what.own)
  return changesOf({ event: event(what.type, what.minute), run: of, own }).map(
    ({ level: { number }, standing, isSameStanding }) =>
      `${isSameStanding ? '=' : ''}${number} ${standing}`,
  )
}

const queued = 'debtorEmail.queued'
const delivered = 'debtorEmail.delivered'
const failed = 'debtorEmailDelivery.failed'

describe('a level', () => {
  test('waits when it is written and was sent when it was handed over', () => {
    const one = run([level(1)])
    expect(told(one, { type: queued, minute: 11, own: 1 })).toEqual(['1 waiting'])
    expect(told(one, { type: delivered, minute: 12, own: 1 })).toEqual(['1 sent'])
  })

  test('that stays in the outbox was sent as soon as it is written', () => {
    const one = run([level(1, { channel: 'letter', isInOutbox: true, sentAt: at(11) })])
    expect(told(one, { type: 'debtorLetter.generated', minute: 11, own: 1 })).toEqual(['1 sent'])
  })

  test('takes the place of the one before when it is written, not when it arrives', () => {
    const two = run([level(1), level(2)])
    expect(told(two, { type: queued, minute: 21, own: 2 })).toEqual(['1 followed', '2 waiting'])
    expect(told(two, { type: delivered, minute: 22, own: 2 })).toEqual(['2 sent'])
  })

  test('that could not be written takes the place of the one before all the same', () => {
    const unwritten = level(2, { status: 'FAILED', isWritten: false, sentAt: null })
    const two = run([level(1), unwritten])
    const type = 'debtorEmailProcessing.failed'
    expect(told(two, { type, minute: 21, own: 2 })).toEqual(['1 followed', '2 failed'])
  })

  test('that arrives after the next one began has been followed, and is not told of again', () => {
    const two = run([level(1, { sentAt: at(30) }), level(2, { sentAt: at(32) })])
    expect(told(two, { type: delivered, minute: 30, own: 1 })).toEqual(['1 followed'])
    expect(told(two, { type: queued, minute: 31, own: 2 })).toEqual(['2 waiting'])
  })

  test('that the gate kept back is told of with the next one that leaves', () => {
    const withheld = level(2, { status: 'WITHHELD', isWritten: false, sentAt: null })
    const three = run([level(1), withheld, level(3)])
    expect(told(three, { type: queued, minute: 31, own: 3 })).toEqual([
      '1 followed',
      '2 failed',
      '3 waiting',
    ])
  })

  test('that failed by itself is not told of again with the next one', () => {
    const two = run([level(1, { status: 'FAILED', sentAt: null }), level(2)])
    expect(told(two, { type: queued, minute: 21, own: 2 })).toEqual(['2 waiting'])
  })

  test('that is tried once more has changed, but stands as before', () => {
    const type = 'debtorEmailDelivery.interrupted'
    const late = run([level(1, { sentAt: at(15) })])
    expect(told(late, { type, minute: 12, own: 1 })).toEqual(['=1 waiting'])
    // A soft bounce.
    expect(told(late, { type, minute: 16, own: 1 })).toEqual(['=1 sent'])
  })

  test('that comes back fails while its case goes on, and not after that', () => {
    const bounced = level(1, { status: 'BOUNCED', bouncedAt: at(20) })
    expect(told(run([bounced]), { type: failed, minute: 20, own: 1 })).toEqual(['1 failed'])
    const over = run([bounced], { state: 'SUCCEEDED', endedAt: at(15) })
    expect(told(over, { type: failed, minute: 20, own: 1 })).toEqual(['=1 over'])
    expect(told(over, { type: 'strategy.stopped', minute: 15 })).toEqual(['1 over'])
  })
})

describe('the end of a case', () => {
  const ended = (levels: Level[], state = 'SUCCEEDED') =>
    told(run(levels, { state, endedAt: at(40) }), { type: 'strategy.stopped', minute: 40 })

  test('is told of the newest level', () => {
    expect(ended([level(1), level(2)])).toEqual(['2 over'])
  })

  test('drops what was not sent by then, whether it still waits or was kept back since', () => {
    const waiting = level(2, { status: 'QUEUED', isWritten: false, sentAt: null })
    expect(ended([level(1), waiting])).toEqual(['1 followed', '2 dropped'])
    const kept = level(1, { status: 'WITHHELD', isDropped: true, sentAt: null })
    expect(ended([kept])).toEqual(['1 dropped'])
    expect(ended([level(1, { sentAt: at(41) })])).toEqual(['1 dropped'])
  })

  test('finds a level that was kept back failed, and one that failed as it was', () => {
    const withheld = level(1, { status: 'WITHHELD', isWritten: false, sentAt: null })
    expect(ended([withheld])).toEqual(['1 failed'])
    expect(ended([level(1, { status: 'FAILED', sentAt: null })])).toEqual([])
    expect(ended([])).toEqual([])
  })

  test('by itself lets the last level go out, which has failed then', () => {
    const last = level(4, { sentAt: at(42) })
    const over = run([last], { state: 'FAILED', endedAt: at(40) })
    expect(told(over, { type: 'strategy.finished', minute: 40 })).toEqual([])
    expect(told(over, { type: queued, minute: 41, own: 4 })).toEqual(['4 waiting'])
    expect(told(over, { type: delivered, minute: 42, own: 4 })).toEqual(['4 over'])
    expect(ended([level(1)], 'FAILED')).toEqual(['1 over'])
  })
})
