import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** What there is at a path, if anything. As big integers: inodes may be beyond what a number holds. */
export const statOf = (path: string): Promise<BigIntStats | undefined> =>
  stat(path, { bigint: true }).catch(() => undefined)

/** By inode, not by name: a link is the same file too. */
export function isSameFile(one: BigIntStats | undefined, other: BigIntStats): boolean {
  return one !== undefined && one.dev === other.dev && one.ino === other.ino
}
