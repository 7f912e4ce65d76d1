import {
  type Book,
  type CallContext,
  type Command,
  type Json,
  type Mandate,
  refuse,
} from '../book/index.ts'
import { announceAccountTrigger, triggerNeeds } from '../accounts/index.ts'
import { refuseMandate } from './refusals.ts'
import { type MandateData, representationFields } from './schema.ts'

/** Keeps a provider's mandate for a debtor of the account (D-93). */
export function createMandate(context: CallContext, input: MandateData): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: {
      accounts: [input.accountReference],
      profile: true,
      mandates: true,
      ...triggerNeeds(context),
    },
    decide(desk) {
      const book = desk.account(input.accountReference)
      requireParties(book, input)
      const { known, added } = book.mandates
      if (known.has(input.mandateId)) throw refuseMandate('mandate_exists')
      const mandate = mandateOf(book, input)
      book.journal.put(known, mandate.mandateId, mandate)
      book.journal.put(added, mandate.mandateId, mandate)
      announceAccountTrigger(desk, book, context)
    },
  }
}

function requireParties(book: Book, input: MandateData): void {
  const { debtors, products } = book.details
  if (!debtors.some(({ reference }) => reference === input.debtorReference))
    throw refuse('debtor_not_found')
  const isKnown = (wanted: string) => products.some(({ reference }) => reference === wanted)
  if (!input.productReferences.every(isKnown)) throw refuse('product_not_found')
}

function mandateOf(book: Book, input: MandateData): Mandate {
  const positions = [...book.mandates.known.values()].map(({ position }) => position)
  return {
    mandateId: input.mandateId,
    position: positions.reduce((max, position) => Math.max(max, position), 0) + 1,
    provider: input.providerName,
    debtorReference: input.debtorReference,
    productReferences: input.productReferences,
    representation: representationOf(input.mandateRepresentation),
    clientIpAddress: input.clientIpAddress ?? null,
  }
}

/** The fields that the contract knows; others are ignored (D-17). */
function representationOf(given: Json | undefined): Json | null {
  if (given === undefined) return null
  const known = representationFields.filter((field) => given[field] !== undefined)
  return Object.fromEntries(known.map((field) => [field, given[field]]))
}
