import { creditorOf } from '../fields/creditor-of.ts'
import type { Fields } from '../fields/fields.ts'
import { fieldsOf } from '../fields/fields-of.ts'
import { sampleFields } from '../fields/sample-fields.ts'
import { dateIn } from '../../kernel/dates.ts'
import { linkOf, linkUrl } from '../../links/index.ts'
import type { Tx } from '../../platform/db.ts'
import { type BundleVersion, findBundle, versionOf } from '../templates/bundles.ts'
import { refuse } from '../templates/refusals.ts'
import { renderBundle } from '../templates/render-bundle.ts'
import type { Renderer } from '../templates/renderer.ts'
import type { Preview, PreviewInput } from '../templates/schema.ts'
import { smsSize } from '../templates/sms-segments.ts'
import { letterOf } from './letter-of.ts'
import { renderLetter } from './render-letter.ts'

/** A version and what it is tried with, read so that it can be rendered outside of the transaction. */
export interface PreparedPreview {
  readonly version: BundleVersion
  readonly language: string | undefined
  readonly fields: Fields
}

/** Which bundle is shown, and where people reach this server. */
export interface PreviewOf {
  readonly bundleId: string
  readonly publicUrl: string
}

/**
 * Reads what a preview shows: of a claim of the tenant's, whose page gets its address if it has none yet, or of an invented
 * one where none is named.
 */
export async function preparePreview(
  tx: Tx,
  { bundleId, publicUrl }: PreviewOf,
  input: PreviewInput,
): Promise<PreparedPreview> {
  const version = versionOf(await findBundle(tx, bundleId, input.version))
  const { claimReference, language, context = {} } = input
  const known =
    claimReference === undefined
      ? undefined
      : await fieldsOfClaim(tx, { reference: claimReference, publicUrl })
  const base = known ?? (await inventedFields(tx, language ?? version.fallbackLanguage))
  return { version, language, fields: { ...base, ...context } }
}

async function fieldsOfClaim(
  tx: Tx,
  { reference, publicUrl }: { reference: string; publicUrl: string },
): Promise<Fields> {
  const claim = await tx.db
    .selectFrom('claim')
    .select('claim_id')
    .where('tenant_id', '=', tx.tenantId)
    .where('reference', '=', reference)
    .where('status', 'not in', ['PENDING', 'DELETED'])
    .executeTakeFirst()
  const fields = claim && (await fieldsOf(tx, [claim.claim_id])).get(claim.claim_id)
  if (!fields) throw refuse('claim_not_found')
  const { settings } = await tenantOf(tx)
  const landingPageUrl = linkUrl({ publicUrl, settings }, await linkOf(tx, claim.claim_id))
  return { ...fields, landingPageUrl }
}

async function inventedFields(tx: Tx, language: string): Promise<Fields> {
  const { name, settings, time_zone } = await tenantOf(tx)
  const creditor = creditorOf(settings['creditor'], name)
  return sampleFields({ creditor, today: dateIn(tx.now, time_zone), language })
}

function tenantOf({ tenantId, db }: Tx) {
  return db
    .selectFrom('tenant')
    .select(['name', 'settings', 'time_zone'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
}

/** What a message would say; of an SMS, how many it would be. */
export async function previewBundle(
  deps: { renderer: Renderer },
  prepared: PreparedPreview,
): Promise<Preview> {
  const rendered = await renderBundle(deps, prepared)
  const { channel, language } = rendered
  const common = { version: prepared.version.version, channel, language }
  switch (rendered.channel) {
    case 'email': {
      const { subject, html, text } = rendered
      return { ...common, subject, text, ...(html === undefined ? {} : { html }) }
    }
    case 'sms':
      return { ...common, text: rendered.text, sms: smsSize(rendered.text) }
    case 'letter':
      return { ...common, subject: rendered.subject, blocks: [...rendered.blocks] }
  }
}

/** The letter as it would be printed. */
export async function previewLetter(
  deps: { renderer: Renderer },
  prepared: PreparedPreview,
): Promise<Buffer> {
  if (prepared.version.channel !== 'letter') throw refuse('not_a_letter')
  const rendered = await renderBundle(deps, prepared)
  if (rendered.channel !== 'letter') throw refuse('not_a_letter')
  return renderLetter(letterOf(rendered, prepared.fields))
}
