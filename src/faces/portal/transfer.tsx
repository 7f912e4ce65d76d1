import type { FastifyReply } from 'fastify'
import { epcPayload, qrSvg, type Transfer } from '../../communications/index.ts'
import { Refusal } from '../../platform/refusal.ts'
import { requireOption } from './options.ts'
import { factsOf } from './overview.tsx'
import { sendPage } from './send-page.ts'
import { pageOf, type Visit } from './visit.ts'
import { TransferPage } from './views/transfer.tsx'

/** Shows what to enter into a transfer. */
export async function showTransfer(visit: Visit): Promise<FastifyReply> {
  const facts = await factsOf(visit)
  await requireOption(visit, facts, 'transfer')
  const { creditor, words } = visit
  const { name, iban = '', bic, bank } = creditor
  const { totalMinor, currency, paymentReference: purpose } = facts
  const codeSvg = codeOf({
    name,
    iban,
    bic: bic ?? '',
    amountMinor: totalMinor,
    currency,
    reference: purpose,
  })
  const amount = words.money(totalMinor, currency)
  return sendPage(
    visit,
    <TransferPage
      page={pageOf(visit, facts.claimReference)}
      details={{ recipient: name, iban, bic, bank, amount, purpose, codeSvg }}
    />,
  )
}

/** The code for banking apps; what no SEPA transfer can be has none, and is still transferred by hand. */
function codeOf(transfer: Transfer): string | undefined {
  try {
    return qrSvg(epcPayload(transfer))
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
