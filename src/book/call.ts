import { newId } from '../kernel/id.ts'
import type { Book } from './book.ts'
import { claimNames } from './claim-names.ts'
import type { Desk } from './desk.ts'
import type { Claim, Json } from './model.ts'

/** What a tenant may switch; the defaults are the decisions of the Receeve specification. */
export interface TenantSwitches {
  /** D-15: a debtor without names is refused. */
  readonly strictDebtorNames: boolean
  /** D-25: a provider's payment that was booked before is answered, not booked again. */
  readonly dedupePayments: boolean
  /** D-79: what a credit pays first. */
  readonly creditPriority: 'FEES_FIRST' | 'AMOUNT_FIRST'
}

/** What a command knows of the call that brought it. */
export interface CallContext {
  readonly tenantId: string
  readonly commandId: string
  readonly timeZone: string
  readonly switches: TenantSwitches
  readonly metadata: Json
  readonly triggerName?: string | undefined
}

/** Tells which entries of the caller's ledger a command booked, as they are shown; nothing where it booked none. */
export function announceBooked(desk: Desk, book: Book, ledgerEntries: readonly Json[]): void {
  if (ledgerEntries.length === 0) return
  const data = { accountReference: book.account.reference, ledgerEntries }
  desk.emit({ type: 'event.accountLedgerEntries.added', data })
}

/** D-20: tells that a call named a custom trigger, once per claim that it touched. */
export function announceTrigger(
  desk: Desk,
  at: { book: Book; claim: Claim },
  triggerName: string | undefined,
): void {
  if (triggerName === undefined || at.claim.status === 'DELETED') return
  desk.emit({
    type: 'event.customClaimTrigger.executed',
    data: { ...claimNames(at.book, at.claim), triggerName, triggerContext: {} },
  })
}

/** The context of a call by its tenant's settings; what a tenant does not switch is as the specification decides. */
export function callContext(
  tenant: { tenantId: string; timeZone: string; settings: Readonly<Json> },
  call: { triggerName?: string | undefined; minorVersion?: string | undefined; originator: string },
): CallContext {
  const { settings } = tenant
  const metadata: Json = { originator: call.originator }
  if (call.minorVersion !== undefined) metadata['minorVersion'] = call.minorVersion
  return {
    tenantId: tenant.tenantId,
    commandId: newId(),
    timeZone: tenant.timeZone,
    switches: {
      strictDebtorNames: settings['strictDebtorNames'] !== false,
      dedupePayments: settings['dedupePayments'] !== false,
      creditPriority: settings['creditPriority'] === 'AMOUNT_FIRST' ? 'AMOUNT_FIRST' : 'FEES_FIRST',
    },
    metadata,
    triggerName: call.triggerName,
  }
}
