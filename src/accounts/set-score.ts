import type { CallContext, Command, Json } from '../book/index.ts'
import { mergedScores } from './profile.ts'
import { announceAccountTrigger, triggerNeeds } from './trigger.ts'

export interface ScoreInput {
  readonly accountReference: string
  readonly score: Json
}

/** Sets the account's score of a type (D-26). */
export function setScore(context: CallContext, input: ScoreInput): Command<void> {
  return {
    id: context.commandId,
    tenantId: context.tenantId,
    metadata: context.metadata,
    needs: { accounts: [input.accountReference], profile: true, ...triggerNeeds(context) },
    decide(desk) {
      const book = desk.account(input.accountReference)
      book.changeProfile({ scores: mergedScores(book.details.scores, input.score) })
      announceAccountTrigger(desk, book, context)
    },
  }
}
