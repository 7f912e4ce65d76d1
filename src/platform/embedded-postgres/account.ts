import fs from 'node:fs'
import path from 'node:path'

/** The operating-system user PostgreSQL runs as, where that is not the user we run as. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

// PostgreSQL refuses to run as root and refuses a uid without a name; `nobody` has one everywhere.
const nobody: Account = { uid: 65_534, gid: 65_534 }

/** Names the account PostgreSQL must run as, or undefined when it runs as ourselves. */
export function accountFor(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  // A cluster keeps its owner, even when a `postgres` user appears on the machine later.
  const owner = fs.statSync(cluster, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const users = fs.readFileSync('/etc/passwd', 'utf8')
  return findUser(users, 'postgres') ?? findUser(users, 'nobody') ?? nobody
}

/** Names the first directory on the way to `target` that the account may not enter, if any. */
export function findClosedDirectory(target: string, account: Account): string | undefined {
  return ancestorsOf(target).find((directory) => !hasPermission(directory, account, 0o1))
}

/** Tells whether the account can get to `target` and read it. */
export function canRead(target: string, account: Account): boolean {
  return findClosedDirectory(target, account) === undefined && hasPermission(target, account, 0o4)
}

function findUser(users: string, name: string): Account | undefined {
  const fields = users
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':')
  if (fields === undefined) return undefined
  const account = { uid: Number(fields[2]), gid: Number(fields[3]) }
  return Number.isInteger(account.uid) && Number.isInteger(account.gid) ? account : undefined
}

function ancestorsOf(target: string): string[] {
  const parent = path.dirname(target)
  return parent === target ? [] : [...ancestorsOf(parent), parent]
}

// Only the primary group counts: a process started with another uid loses its further groups.
function hasPermission(target: string, account: Account, bit: number): boolean {
  const { uid, gid, mode } = fs.statSync(target)
  if (uid === account.uid) return (mode & (bit << 6)) !== 0
  if (gid === account.gid) return (mode & (bit << 3)) !== 0
  return (mode & bit) !== 0
}
