import { linksOf, linkUrl } from '../../links/index.ts'
import type { Tx } from '../../platform/db.ts'
import { fieldsOf } from '../fields/fields-of.ts'
import type { Fields } from '../fields/fields.ts'
import { renderTexts } from '../letters/render-texts.ts'
import { type BundleVersion, latestVersions } from '../templates/bundles.ts'
import type { Renderer } from '../templates/renderer.ts'
import { refuseMessage } from './refusals.ts'
import type { Prepared, PrepareTexts, Rendered, TextsWanted } from './texts.ts'

export interface PrepareDeps {
  readonly renderer: Renderer
  readonly publicUrl: () => string
}

/** Prepares messages from the newest versions of their bundles and the fields of their claims. */
export function createPrepare(deps: PrepareDeps): PrepareTexts {
  return async (tx, wanted) => {
    const claimIds = [...new Set(wanted.map(({ claimId }) => claimId))]
    if (claimIds.length === 0) return new Map()
    const fields = await fieldsOf(tx, claimIds)
    const links = await linksOf(tx, claimIds)
    const settings = await settingsOf(tx)
    // A message may name a bundle that never was.
    const versions = await latestVersions(tx, [...new Set(wanted.map((each) => each.bundleId))])
    return new Map(
      wanted.flatMap((message): [string, Prepared][] => {
        const version = versions.get(message.bundleId)
        const claim = fields.get(message.claimId)
        if (!version || !claim) return []
        const place = { publicUrl: deps.publicUrl(), settings }
        const landingPageUrl = linkUrl(place, links.get(message.claimId) ?? '')
        const own = { ...claim, ...contextOf(message), landingPageUrl }
        return [[message.messageId, preparedOf(deps, { message, version, fields: own })]]
      }),
    )
  }
}

async function settingsOf({ tenantId, db }: Tx): Promise<Record<string, unknown>> {
  const { settings } = await db
    .selectFrom('tenant')
    .select('settings')
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return settings
}

type OwnFields = Pick<Fields, 'unsubscribeUrl'> &
  Partial<Pick<Fields, 'customBody' | 'triggerContext' | 'language'>>

/** What the message itself says; whoever queued it may have put anything into its context. */
function contextOf({ context, unsubscribeUrl }: TextsWanted): OwnFields {
  const { customBody, language, triggerContext } = context
  return {
    unsubscribeUrl,
    ...(typeof customBody === 'string' ? { customBody } : {}),
    ...(typeof language === 'string' ? { language } : {}),
    ...(typeof triggerContext === 'object' && triggerContext !== null
      ? { triggerContext: triggerContext as Fields['triggerContext'] }
      : {}),
  }
}

interface Rendering {
  readonly message: TextsWanted
  readonly version: BundleVersion
  readonly fields: Fields
}

function preparedOf(deps: PrepareDeps, { message, version, fields }: Rendering): Prepared {
  return {
    bundleVersion: version.version,
    bundleName: version.bundleName,
    async render(): Promise<Rendered> {
      if (version.channel !== message.channel) throw refuseMessage('bundle_of_other_channel')
      return renderTexts(deps, { version, fields })
    },
  }
}
