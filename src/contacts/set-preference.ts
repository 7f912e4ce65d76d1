import { sql } from 'kysely'
import type { Tx } from '../platform/db.ts'
import { lockContacts } from './lock-contacts.ts'
import type { Channel, Preference, PreferenceValue } from './schema.ts'

export interface PreferenceSaid {
  readonly debtorReference: string
  readonly channel: Channel
  readonly preference: PreferenceValue
  /** Who said so: `debtor-page`, `unsubscribe-link`, `agent`. */
  readonly source: string
}

/** Keeps what a debtor says about a channel; what was said last counts. To allow it takes back an unsubscription. */
export async function setPreference(tx: Tx, said: PreferenceSaid): Promise<void> {
  const { debtorReference, channel, preference, source } = said
  await lockContacts(tx, [debtorReference])
  await sql`
    insert into contact_preference (tenant_id, debtor_reference, channel, preference, source, changed_at)
    values (${tx.tenantId}, ${debtorReference}, ${channel}, ${preference}, ${source}, ${tx.now})
    on conflict (tenant_id, debtor_reference, channel) do update
    set preference = excluded.preference, source = excluded.source, changed_at = excluded.changed_at`.execute(
    tx.db,
  )
  if (preference !== 'allowed') return
  await sql`
    delete from suppressed_address
    where tenant_id = ${tx.tenantId} and channel = ${channel} and reason = 'unsubscribe'
      and debtor_reference = ${debtorReference}`.execute(tx.db)
}

/** What a debtor said about each channel; a channel that is not in the answer was never spoken of. */
export async function preferencesOf(tx: Tx, debtorReference: string): Promise<Preference[]> {
  const found = await preferencesOfMany(tx, [debtorReference])
  return (found.get(debtorReference) ?? []).map(({ changedAt, ...said }) => ({
    ...said,
    changedAt: changedAt.toISOString(),
  }))
}

export interface StoredPreference extends Omit<Preference, 'changedAt'> {
  readonly changedAt: Date
}

/** What many debtors said, by their references. */
export async function preferencesOfMany(
  tx: Tx,
  debtorReferences: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredPreference[]>> {
  const { rows } = await sql<StoredPreference & { debtorReference: string }>`
    select debtor_reference as "debtorReference", channel, preference, source, changed_at as "changedAt"
    from contact_preference
    where tenant_id = ${tx.tenantId} and debtor_reference = any(${[...debtorReferences]}::text[])
    order by debtor_reference, channel`.execute(tx.db)
  const grouped = new Map<string, StoredPreference[]>()
  for (const { debtorReference, ...said } of rows)
    grouped.set(debtorReference, [...(grouped.get(debtorReference) ?? []), said])
  return grouped
}
