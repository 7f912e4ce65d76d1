import type { Companion } from '../book/index.ts'
import type { TakenUp } from './allocate.ts'
import type { PaymentBooked } from './book-payment.ts'
import type { Payment, PaymentDetails } from './payment.ts'

/** A payment as it is written before it has numbers. */
export type NewPayment = Omit<
  Payment,
  | 'accountReference'
  | 'currency'
  | 'referenceNumber'
  | 'number'
  | 'entries'
  | 'amountMinor'
  | 'state'
>

export interface At {
  readonly tenantId: string
  readonly now: Date
}

/** The one request that posts a stored payment now. */
export interface Lease {
  readonly paymentId: string
  readonly leaseId: string
}

const next = (step: { reference: number; number: number }) => `
  with c as (
    insert into crm_counter (tenant_id, classification, reference_last, number_last)
    values ($1::uuid, $2::text, ${step.reference}, ${step.number})
    on conflict (tenant_id, classification) do update set
      reference_last = crm_counter.reference_last + ${step.reference}, number_last = crm_counter.number_last + ${step.number}
    returning reference_last, number_last)`

const insertColumns = `insert into crm_payment (tenant_id, payment_id, classification, account_id, state, reference_number,
  number, amount_minor, type_id, category_id, method_id, back_office_code, cancels_id, issued_at, posted_at, updated_at,
  gateway, gateway_reference, details, entries, credit_minor)`

const values = `$1::uuid, $3::uuid, $2::text, $4::uuid, $5::text, c.reference_last`
const rest = `$6::bigint, $7::text, $8::text, $9::text, $10::text, $11::uuid, $12::timestamptz, $13::timestamptz, $14::timestamptz,
  $15::text, $16::text, $17::jsonb, $18::text[], $19::bigint`

/** A payment that is posted as it is created, with both numbers; commits together with its booking. */
export function insertPosted(at: At, payment: NewPayment, booked: PaymentBooked): Companion {
  return {
    text: `${next({ reference: 1, number: 1 })} ${insertColumns}
      select ${values}, c.number_last, ${rest} from c`,
    values: valuesOf(at, payment, {
      state: 'POSTED',
      amountMinor: booked.amountMinor,
      entries: booked.entries,
      creditMinor: booked.creditMinor,
    }),
  }
}

/** A draft: a reference number, and no number yet. */
export function insertDraft(at: At, payment: NewPayment, amountMinor: number): Companion {
  return {
    text: `${next({ reference: 1, number: 0 })} ${insertColumns}
      select ${values}, null::bigint, ${rest} from c`,
    values: valuesOf(at, payment, { state: 'DRAFT', amountMinor, entries: [], creditMinor: 0 }),
  }
}

/** A cancellation with its numbers; its payment becomes cancelled in the same statement or nothing happens. */
export function insertCancellation(
  at: At,
  cancellation: NewPayment,
  of: { amountMinor: number; updated: PaymentDetails },
): Companion {
  return {
    text: `${next({ reference: 1, number: 1 })}, cancelled as (
        update crm_payment set state = 'CANCELLED', credit_minor = 0, updated_at = $14::timestamptz, details = $20::jsonb
        where tenant_id = $1::uuid and payment_id = $11::uuid and state = 'POSTED' returning 1)
      ${insertColumns}
      select ${values}, c.number_last, ${rest} from c where 1 / (select count(*) from cancelled) = 1`,
    values: [
      ...valuesOf(at, cancellation, {
        state: 'POSTED',
        amountMinor: of.amountMinor,
        entries: [],
        creditMinor: 0,
      }),
      JSON.stringify(of.updated),
    ],
  }
}

function valuesOf(
  at: At,
  payment: NewPayment,
  booked: { state: string; amountMinor: number; entries: readonly string[]; creditMinor: number },
): unknown[] {
  return [
    at.tenantId,
    payment.classification,
    payment.paymentId,
    payment.accountId,
    booked.state,
    booked.amountMinor,
    payment.typeId,
    payment.categoryId,
    payment.methodId,
    payment.backOfficeCode,
    payment.cancelsId,
    payment.issuedAt,
    payment.postedAt,
    payment.updatedAt,
    payment.gateway,
    payment.gatewayReference,
    JSON.stringify(payment.details),
    [...booked.entries],
    booked.creditMinor,
  ]
}

/**
 * Posts a payment that is stored already: a draft, or one whose card was charged. If the lease was lost meanwhile, the
 * division by zero undoes the booking too.
 */
export function postStored(
  at: At,
  lease: Lease,
  posted: {
    isNew: boolean
    booked: PaymentBooked
    details: PaymentDetails
    gateway: string | null
    gatewayReference: string | null
  },
): Companion {
  const { booked } = posted
  return {
    text: `${next({ reference: posted.isNew ? 1 : 0, number: 1 })}, posted as (
        update crm_payment p set state = 'POSTED', number = c.number_last,
          reference_number = coalesce(p.reference_number, c.reference_last), amount_minor = $5::bigint,
          posted_at = $6::timestamptz, updated_at = $6::timestamptz, entries = $7::text[], credit_minor = $8::bigint,
          gateway = $9::text, gateway_reference = $10::text, details = $11::jsonb,
          lease_id = null, leased_until = null, is_charging = false
        from c where p.tenant_id = $1::uuid and p.payment_id = $3::uuid and p.lease_id = $4::uuid
          and p.state in ('NEW', 'DRAFT') returning 1)
      select 1 / count(*) from posted`,
    values: [
      at.tenantId,
      'PAYMENT',
      lease.paymentId,
      lease.leaseId,
      booked.amountMinor,
      at.now,
      [...booked.entries],
      booked.creditMinor,
      posted.gateway,
      posted.gatewayReference,
      JSON.stringify(posted.details),
    ],
  }
}

/** What credit was taken up, beside the bookings that did it. */
export function storeTakenUp(at: At, takenUp: readonly TakenUp[]): Companion[] {
  if (takenUp.length === 0) return []
  const rows = takenUp.map(({ paymentId, added, creditMinor }) => ({
    id: paymentId,
    added,
    credit: creditMinor,
  }))
  return [
    {
      text: `update crm_payment p set credit_minor = w.credit,
          entries = p.entries || array(select json_array_elements_text(w.added))
        from json_to_recordset($2::json) as w (id uuid, added json, credit bigint)
        where p.tenant_id = $1::uuid and p.payment_id = w.id`,
      values: [at.tenantId, JSON.stringify(rows)],
    },
  ]
}
