import { sql } from 'kysely'
import { type Call, inCall } from '../call.ts'
import {
  type Action,
  type ActionDoor,
  boolean,
  dateTime,
  type Entity,
  idField,
  long,
  nothing,
  refersTo,
  shown,
  text,
  versionField,
  writable,
} from '../entity.ts'
import type { Group } from '../groups.ts'
import { refuse } from '../refusals.ts'
import { spaceOfRow } from './invoice-columns.ts'

const contentMax = 262_144

/** What comments are about. */
interface Subject {
  readonly name: string
  readonly group: Group
  readonly table: 'invoice_comment' | 'refund_comment'
  /** The field that holds the subject's id, its column, and the entity that it is. */
  readonly field: string
  readonly column: 'claim_number' | 'refund_id'
  readonly entity: string
  /** The parameter that names the subject in paths and queries. */
  readonly param: string
  readonly v1: string
  readonly v2: string
}

/** Notes on an object, of which any may be pinned. */
export function commentEntity(of: Subject): Entity {
  return {
    name: of.name,
    group: of.group,
    scope: 'space',
    v1: { path: of.v1, verbs: ['create', 'read', 'update', 'delete'] },
    v2: {
      path: of.v2,
      verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
      parent: { param: of.param, field: of.field, entity: of.entity },
    },
    fields: {
      ...idField,
      ...versionField,
      content: writable(text(contentMax)),
      createdBy: shown(long),
      createdOn: shown(dateTime, { column: 't.created_at' }),
      editedBy: shown(long),
      editedOn: shown(dateTime, { column: 't.edited_at' }),
      linkedSpaceId: spaceOfRow,
      pinned: shown(boolean),
      [of.field]: {
        type: refersTo(of.entity, { v1: 'id', v2: 'object' }),
        create: 'required',
        column: `t.${of.column}`,
      },
    },
    store: {
      kind: 'table',
      table: of.table,
      atCreate: ({ caller, now }) => ({ created_by: caller.userId, created_at: now }),
      atUpdate: ({ caller, now }) => ({ edited_by: caller.userId, edited_at: now }),
    },
    actions: [listing(of), ...pinnings(of)],
  }
}

const listMax = 1_000

/** Version 1 reads all comments of an object at once. */
function listing(of: Subject): Action {
  return {
    name: 'All comments of an object',
    needs: 'read',
    params: { [of.param]: { type: long, isRequired: true } },
    v1: { method: 'POST', path: `${of.v1}/all` },
    async run(call, { params }) {
      const ids = await inCall(call, async (tx) => {
        const { rows } = await sql<{ id: number }>`
          select t.id from ${sql.table(of.table)} t
          where t.tenant_id = ${tx.tenantId} and ${sql.ref(`t.${of.column}`)} = ${params[of.param]}
          order by t.id limit ${listMax}`.execute(tx.db)
        return rows.map((row) => row.id)
      })
      return { kind: 'objects', entity: of.name, ids }
    },
  }
}

function pinnings(of: Subject): Action[] {
  const doors = (verb: 'pin' | 'unpin'): { v1: ActionDoor; v2: ActionDoor } => ({
    v1: { method: 'GET', path: `${of.v1}/${verb}` },
    v2: { method: 'POST', path: `${of.v2}/{id}/${verb}` },
  })
  const action = (name: string, verb: 'pin' | 'unpin'): Action => ({
    name,
    needs: 'write',
    params: {
      id: { type: long, isRequired: true },
      [of.param]: { type: long, isRequired: true, only: 2 },
    },
    ...doors(verb),
    async run(call, { params }) {
      const isPinned = verb === 'pin'
      await setPinned(call, of, { id: params['id'], isPinned, owner: params[of.param] })
      return nothing
    },
  })
  return [action('Pin a comment', 'pin'), action('Unpin a comment', 'unpin')]
}

/** Pinning what is pinned changes nothing. */
async function setPinned(
  call: Call,
  of: Subject,
  { id, isPinned, owner }: { id: unknown; isPinned: boolean; owner: unknown },
): Promise<void> {
  await inCall(call, async (tx) => {
    const { rows } = await sql<{ pinned: boolean; owner: number }>`
      select t.pinned, ${sql.ref(`t.${of.column}`)} as owner from ${sql.table(of.table)} t
      where t.tenant_id = ${tx.tenantId} and t.id = ${id} for update`.execute(tx.db)
    const [row] = rows
    if (!row || (owner !== undefined && owner !== row.owner)) throw refuse('not_found')
    if (row.pinned === isPinned) return
    await sql`update ${sql.table(of.table)} set pinned = ${isPinned}, version = version + 1
      where tenant_id = ${tx.tenantId} and id = ${id}`.execute(tx.db)
  })
}
