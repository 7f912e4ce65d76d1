import type { BundleTables } from './tables/bundles.ts'
import type { CaseTables } from './tables/cases.ts'
import type { CheckoutTables } from './tables/checkout.ts'
import type { PayofinTables } from './tables/payofin.ts'
import type { CoreTables } from './tables/core.ts'
import type { JourneyTables } from './tables/journeys.ts'
import type { CrmTables } from './tables/crm.ts'
import type { WalleeTables } from './tables/wallee.ts'
import type { WalleeWebhookTables } from './tables/wallee-webhooks.ts'
import type { WalleeInvoiceTables } from './tables/wallee-invoices.ts'
import type { MessageTables } from './tables/messages.ts'
import type { PortalTables } from './tables/portal.ts'
import type { PlacementTables } from './tables/placements.ts'
import type { PlanTables } from './tables/plans.ts'
import type { ReactionTables } from './tables/reactions.ts'

/**
 * The tables as Kysely sees them, one file of `tables/` for each part of the product; migrations/ is the truth,
 * test/platform/schema.test.ts compares the two.
 */
export interface Tables
  extends
    BundleTables,
    CaseTables,
    CoreTables,
    CrmTables,
    JourneyTables,
    CheckoutTables,
    MessageTables,
    PayofinTables,
    PortalTables,
    PlacementTables,
    PlanTables,
    ReactionTables,
    WalleeInvoiceTables,
    WalleeTables,
    WalleeWebhookTables {}
