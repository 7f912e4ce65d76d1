import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { doorSecretContext, sha256 } from '../../../identity/index.ts'
import type { Tx } from '../../../platform/db.ts'
import { type Call, inCall } from '../call.ts'
import { type Entity, long, nothing, text, writable } from '../entity.ts'
import { requireHeld } from '../groups.ts'
import { refuse } from '../refusals.ts'
import { type At, insertRow, requireRow } from '../table-store.ts'
import { primaryAccount, userFields } from './user-fields.ts'

const usersPerSpaceMax = 1_000
const keysPerUserMax = 10
const keyBytes = 32

const store = {
  kind: 'table',
  table: 'wallee_user',
  where: "t.user_type = 'APPLICATION_USER'",
  deletes: 'state',
} as const

/** A program that calls these doors. Its number begins with that of the account's first space (migrations/0022). */
export const applicationUser: Entity = {
  name: 'ApplicationUser',
  group: 'users',
  scope: 'account',
  v1: {
    path: '/application-user',
    verbs: ['create', 'read', 'update', 'delete', 'search', 'count'],
  },
  v2: {
    path: '/application-users',
    verbs: ['list', 'get', 'search', 'create', 'update', 'delete'],
  },
  fields: {
    ...userFields,
    name: writable(text(256)),
    primaryAccount: primaryAccount('required'),
    requestLimit: writable({ kind: 'long', min: 1 }),
  },
  store,
  create(call, values) {
    return inCall(call, async (tx) => {
      const id = await nextUserId(tx)
      const numbered = {
        ...store,
        atCreate: () => ({
          id,
          user_type: 'APPLICATION_USER',
          state: 'ACTIVE',
          created_at: tx.now,
        }),
      }
      return insertRow(tx, { entity: applicationUser, store: numbered, call }, values)
    })
  },
  async createdMore(call, id) {
    return { macKey: (await addKey(call, id)).key }
  },
  actions: [
    {
      name: 'Keys of an application user',
      needs: 'read',
      params: { userId: { type: long, isRequired: true } },
      v2: { method: 'GET', path: '/application-users/{userId}/keys' },
      async run(call, { params }) {
        return { kind: 'json', value: await keysOf(call, Number(params['userId'])) }
      },
    },
    {
      name: 'New key of an application user',
      needs: 'write',
      params: { userId: { type: long, isRequired: true } },
      v2: { method: 'POST', path: '/application-users/{userId}/keys', status: 201 },
      async run(call, { params }) {
        return { kind: 'json', value: await addKey(call, Number(params['userId'])) }
      },
    },
    {
      name: 'Remove a key of an application user',
      needs: 'write',
      params: { userId: { type: long, isRequired: true }, id: { type: long, isRequired: true } },
      v2: { method: 'DELETE', path: '/application-users/{userId}/keys/{id}' },
      async run(call, { params }) {
        await removeKey(call, Number(params['userId']), Number(params['id']))
        return nothing
      },
    },
  ],
}

/** The next number of a user in the account's first space; deleted users keep theirs. */
async function nextUserId(tx: Tx): Promise<number> {
  const { rows } = await sql<{ spaceId: number }>`
    select t.space_id as "spaceId" from tenant t where t.tenant_id = ${tx.tenantId} for update`.execute(
    tx.db,
  )
  const first = (rows[0]?.spaceId ?? 0) * usersPerSpaceMax
  const { rows: last } = await sql<{ id: number }>`
    select coalesce(max(u.id), ${first}) + 1 as id from wallee_user u
    where u.tenant_id = ${tx.tenantId} and u.user_type = 'APPLICATION_USER'`.execute(tx.db)
  const id = last[0]?.id ?? first + 1
  if (id >= first + usersPerSpaceMax)
    throw refuse('unprocessable', `an account has at most ${usersPerSpaceMax - 1} of them`)
  return id
}

const at = (call: Call): At => ({ entity: applicationUser, store, call })

/** A key as the list shows it; the secret is seen once, when it is made. */
async function keysOf(call: Call, userId: number) {
  return inCall(call, async (tx) => {
    await requireRow(tx, at(call), userId)
    const rows = await tx.db
      .selectFrom('wallee_user_key')
      .select(['id', 'created_at'])
      .where('tenant_id', '=', tx.tenantId)
      .where('user_id', '=', userId)
      .orderBy('id')
      .limit(keysPerUserMax)
      .execute()
    return rows.map((row) => ({ id: row.id, creationTime: row.created_at, state: 'ACTIVE' }))
  })
}

async function addKey(call: Call, userId: number) {
  const secret = randomBytes(keyBytes)
  const { id, created_at: creationTime } = await inCall(call, async (tx) => {
    await requireRow(tx, at(call), userId)
    await requireNoMore(tx, call, userId)
    const { rows } = await sql<{ keys: number }>`
      select count(*) as keys from wallee_user_key k where k.tenant_id = ${tx.tenantId} and k.user_id = ${userId}`.execute(
      tx.db,
    )
    if ((rows[0]?.keys ?? 0) >= keysPerUserMax)
      throw refuse('unprocessable', `a user has at most ${keysPerUserMax} keys`)
    const keyId = `${userId}/${randomBytes(8).toString('hex')}`
    await insertCredential(tx, call, { keyId, secret })
    return tx.db
      .insertInto('wallee_user_key')
      .values({
        tenant_id: tx.tenantId,
        user_id: userId,
        credential_key_id: keyId,
        created_at: tx.now,
      })
      .returning(['id', 'created_at'])
      .executeTakeFirstOrThrow()
  })
  return { id, creationTime, state: 'ACTIVE', key: secret.toString('base64') }
}

/** Who makes a key for a user can act as it: nobody does that for one who may do more. */
async function requireNoMore(tx: Tx, call: Call, userId: number): Promise<void> {
  const { rows } = await sql<{ permissions: number[] }>`
    select r.permissions from wallee_user_role ur
    join wallee_role r on r.tenant_id = ur.tenant_id and r.id = ur.role_id and r.state = 'ACTIVE'
    where ur.tenant_id = ${tx.tenantId} and ur.user_id = ${userId}`.execute(tx.db)
  requireHeld(
    call.permissions,
    rows.flatMap((row) => row.permissions),
  )
}

async function insertCredential(
  tx: Tx,
  { deps }: Call,
  { keyId, secret }: { keyId: string; secret: Buffer },
): Promise<void> {
  const context = doorSecretContext({ tenantId: tx.tenantId, door: 'wallee', keyId })
  await tx.db
    .insertInto('door_credential')
    .values({
      tenant_id: tx.tenantId,
      door: 'wallee',
      key_id: keyId,
      secret_sha256: sha256(secret.toString('base64')),
      secret_sealed: deps.sealer.seal(secret, context),
      created_at: tx.now,
      revoked_at: null,
    })
    .execute()
}

/** From the next request on nobody signs with it. The key of the very request stays, or a slip would lock its owner out. */
async function removeKey(call: Call, userId: number, id: number): Promise<void> {
  await inCall(call, async (tx) => {
    const removed = await tx.db
      .deleteFrom('wallee_user_key')
      .where('tenant_id', '=', tx.tenantId)
      .where('user_id', '=', userId)
      .where('id', '=', id)
      .returning('credential_key_id')
      .executeTakeFirst()
    if (!removed) throw refuse('not_found')
    if (removed.credential_key_id === call.caller.keyId)
      throw refuse('invalid_state', 'this request is signed with it')
    await tx.db
      .updateTable('door_credential')
      .set({ revoked_at: tx.now })
      .where('tenant_id', '=', tx.tenantId)
      .where('door', '=', 'wallee')
      .where('key_id', '=', removed.credential_key_id)
      .execute()
  })
}
