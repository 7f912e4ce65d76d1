import { createPublicKey } from 'node:crypto'
import { sql } from 'kysely'
import { isUuid } from '../../../kernel/id.ts'
import { type Call, inCall } from '../call.ts'
import { type Action, type Entity, shown, text } from '../entity.ts'
import { refuse } from '../refusals.ts'

const publicKey: Action = {
  name: 'The public key that a notice was signed with',
  needs: 'read',
  params: { id: { type: text(100), isRequired: true } },
  v1: { method: 'GET', path: '/webhook-encryption/read' },
  v2: { method: 'GET', path: '/webhooks/encryption-keys/{id}' },
  async run(call, { params }) {
    const key = await findKey(call, String(params['id']))
    return call.version === 1
      ? { kind: 'json', value: key }
      : { kind: 'text', text: key.publicKey, contentType: 'text/plain;charset=utf-8' }
  },
}

/** The keys by which receivers tell our notices from others. They are asked for by the id that a notice names. */
export const webhookEncryptionKey: Entity = {
  name: 'WebhookEncryptionPublicKey',
  group: 'webhooks',
  scope: 'account',
  fields: { id: shown(text()), publicKey: shown(text()) },
  store: { kind: 'list', rows: () => [] },
  actions: [publicKey],
}

/** A key of any space of the account: whoever asks names none. */
async function findKey(call: Call, id: string): Promise<{ id: string; publicKey: string }> {
  if (!isUuid(id)) throw refuse('not_found')
  return inCall(call, async (tx) => {
    const { rows } = await sql<{ keyId: string; pem: string }>`
      select k.key_id as "keyId", k.public_pem as pem
      from find_wallee_webhook_key(${tx.tenantId}::uuid, ${id}::uuid) k`.execute(tx.db)
    const [row] = rows
    if (!row) throw refuse('not_found')
    // The bare X.509 bytes in base64, without the frame of a PEM file.
    const der = createPublicKey(row.pem).export({ type: 'spki', format: 'der' })
    return { id: row.keyId, publicKey: der.toString('base64') }
  })
}
