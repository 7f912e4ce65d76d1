import { refuse } from './refusals.ts'

/**
 * The groups that permissions are given for. Their order makes the ids of permissions, which callers keep: a new one goes
 * at the end, and none is ever taken away.
 */
export const groups = [
  'customers',
  'spaces',
  'accounts',
  'users',
  'roles',
  'reference',
  'debt-collection',
  'dunning',
  'invoices',
  'refunds',
  'webhooks',
  'manual-tasks',
  'payment-links',
  'charge-flows',
  'documents',
  'subscription-ledger',
] as const
export type Group = (typeof groups)[number]

const firstId = 1_400_000_000_000
const idsPerGroup = 10

export const everythingId = firstId

/** The ids of the permissions of a group: its node in the tree, and below it those to read and to write. */
export function permissionIds(group: Group): { node: number; read: number; write: number } {
  const node = firstId + (groups.indexOf(group) + 1) * idsPerGroup
  return { node, read: node + 1, write: node + 2 }
}

/** Whether permissions allow something in a group; who may write may read, and a node grants all below it. */
export function isAllowed(
  permissions: ReadonlySet<number>,
  group: Group,
  needs: 'read' | 'write',
): boolean {
  // What describes the world is open to everybody who has signed in.
  if (group === 'reference' && needs === 'read') return true
  const { node, read, write } = permissionIds(group)
  if (permissions.has(everythingId) || permissions.has(node) || permissions.has(write)) return true
  return needs === 'read' && permissions.has(read)
}

/** Nobody hands out what they do not have. */
export function requireHeld(held: ReadonlySet<number>, wanted: readonly number[]): void {
  if (held.has(everythingId)) return
  const reach = new Set(held)
  for (const group of groups) {
    const { node, read, write } = permissionIds(group)
    if (held.has(node)) reach.add(write)
    if (reach.has(write)) reach.add(read)
  }
  const missing = wanted.find((id) => !reach.has(id))
  if (missing !== undefined) throw refuse('forbidden', `permission ${missing} is not yours to give`)
}
