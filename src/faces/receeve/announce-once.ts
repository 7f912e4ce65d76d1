import type { Command, Desk } from '../../book/index.ts'

const executed = 'event.customClaimTrigger.executed'

/**
 * D-20: a command of a request, the commands of which have these ids. Together they tell its trigger once for each claim,
 * by the last of them that touches the claim and is not refused: whoever listens may send something for it, and would for
 * every element of a list. They have to be decided in one transaction.
 */
export function announcingOnce<R>(command: Command<R>, ids: ReadonlySet<string>): Command<R> {
  if (ids.size < 2) return command
  return {
    ...command,
    decide(desk) {
      const from = desk.events.length
      const result = command.decide(desk)
      takeBackEarlier(desk, ids, from)
      return result
    },
  }
}

/** Takes back what commands of these ids told, before that event, of the claims that were told of since. */
function takeBackEarlier(desk: Desk, ids: ReadonlySet<string>, from: number): void {
  const { events, journal } = desk
  const claimOf = ({ type, data, metadata }: Desk['events'][number]) =>
    type === executed && ids.has(String(metadata['commandId'])) ? data['claimRef'] : undefined
  const told = new Set(events.slice(from).map(claimOf))
  told.delete(undefined)
  if (told.size === 0) return
  const before = [...events]
  const kept = before.filter((event, place) => place >= from || !told.has(claimOf(event)))
  if (kept.length === before.length) return
  journal.push(() => replace(events, before))
  replace(events, kept)
}

function replace<T>(list: T[], by: readonly T[]): void {
  list.length = 0
  for (const element of by) list.push(element)
}
