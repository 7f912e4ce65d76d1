import type { Needs } from '../book/index.ts'

/** The part of each row of a window; a row that nothing is asked for has no needs. */
export type RowDivider = (window: readonly (Needs | undefined)[]) => number[]

/** Beyond this share of a window a part takes no more rows only because it had their like before. */
const keepingMax = 2 / 3

/**
 * Divides the rows of a file, window by window, into parts that can be booked beside each other. Rows that share an account,
 * a claim or a debtor come into one part, so that the later row of the file wins; other rows come evenly into all of them.
 * Between windows the queue of the bookkeeper keeps the order: what shares a key waits for what came before it. So that
 * little waits, rows stay in the part in which their like were a window earlier, while that leaves work for the others.
 */
export function rowDivider(parts: number): RowDivider {
  let before: Divided = { keys: new Map(), partOf: [] }
  return (window) => {
    const { keys, heads } = joined(window)
    const wanted = new Map<number, number>()
    for (const [key, row] of keys) {
      const part = before.partOf[before.keys.get(key) ?? -1]
      if (part !== undefined) wanted.set(heads[row] ?? row, part)
    }
    const partOf = spread(heads, { parts, wanted })
    before = { keys, partOf }
    return partOf
  }
}

interface Divided {
  /** Each key with the first row that has it. */
  readonly keys: ReadonlyMap<string, number>
  readonly partOf: readonly number[]
}

interface Joined extends Pick<Divided, 'keys'> {
  /** The first of all rows that a row is joined with, be it through others. */
  readonly heads: readonly number[]
}

function joined(window: readonly (Needs | undefined)[]): Joined {
  const parents = window.map((_, row) => row)
  const keys = new Map<string, number>()
  window.forEach((needs, row) => {
    for (const key of keysOf(needs)) {
      const first = keys.get(key)
      if (first === undefined) keys.set(key, row)
      else join(parents, first, row)
    }
  })
  return { keys, heads: parents.map((_, row) => headOf(parents, row)) }
}

/** What the queue of the bookkeeper orders works by. An account and a debtor of the same name are not the same. */
function keysOf({ accounts = [], claims = [], debtors = [] }: Needs = {}): string[] {
  return [
    ...accounts.map((reference) => `a${reference}`),
    ...claims.map((reference) => `c${reference}`),
    ...debtors.map((reference) => `d${reference}`),
  ]
}

function join(parents: number[], one: number, other: number): void {
  const [a, b] = [headOf(parents, one), headOf(parents, other)]
  parents[Math.max(a, b)] = Math.min(a, b)
}

function headOf(parents: number[], row: number): number {
  let head = row
  for (;;) {
    const parent = parents[head] ?? head
    if (parent === head) return head
    // Halves the way of whoever asks next.
    const above = parents[parent] ?? parent
    parents[head] = above
    head = above
  }
}

function spread(
  heads: readonly number[],
  { parts, wanted }: { readonly parts: number; readonly wanted: ReadonlyMap<number, number> },
): number[] {
  const together = heads.map(() => 0)
  for (const head of heads) together[head] = (together[head] ?? 0) + 1
  const sizes = Array.from({ length: parts }, () => 0)
  const partOf: number[] = []
  heads.forEach((head, row) => {
    if (head < row) return partOf.push(partOf[head] ?? 0)
    const size = together[row] ?? 0
    const kept = wanted.get(row)
    const isRoom = kept !== undefined && (sizes[kept] ?? 0) + size <= heads.length * keepingMax
    const part = isRoom ? kept : sizes.indexOf(Math.min(...sizes))
    sizes[part] = (sizes[part] ?? 0) + size
    return partOf.push(part)
  })
  return partOf
}
