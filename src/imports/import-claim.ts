import type { CallContext, Command } from '../book/index.ts'
import { importClaim } from '../claims/index.ts'
import type { ClaimData } from '../claims/schema.ts'
import type { Verdict } from './verdict.ts'
import { checkReference } from './validate.ts'

/**
 * Opens the claim of a row or brings it to the row's state, as import_claims does (D-106). A file names claims by their own
 * references: instalments are often called like the receeve form of another claim (D-41), and would write over it.
 */
export function importClaimRow(
  context: CallContext,
  input: { reference: string; data: ClaimData },
): Command<Verdict> {
  checkReference(input.reference)
  const command = importClaim(context, { ...input, isOwnReference: true })
  return {
    ...command,
    decide(desk) {
      const before = desk.journal.mark()
      command.decide(desk)
      // Whatever changes is noted in the journal, so that it could be taken back.
      return desk.journal.mark() === before ? 'unchanged' : 'imported'
    },
  }
}
