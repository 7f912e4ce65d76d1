import { type Static, Type } from 'typebox'
import { setScore } from '../../../accounts/index.ts'
import { Reference, Score } from '../../../accounts/schema.ts'
import { type BatchItem, defineBatch } from '../batch.ts'

const AccountScore = Type.Object({ accountReference: Reference, ...Score.properties })
type Body = Static<typeof AccountScore>

export const setAccountScores = defineBatch({
  id: 'set_account_scores',
  tag: 'Account',
  summary: 'Set scores of accounts, one per type',
  body: Type.Array(AccountScore),
  data: Type.Array(AccountScore),
  items: (body: Body[]) =>
    body.map((input): BatchItem<Body> => ({ key: input.accountReference, input })),
  command: (context, { key, input }) => setScore(context, { accountReference: key, score: input }),
  succeeded: ({ input }) => ({
    messages: [`Successfully set the score of ${String(input.type)}`],
    data: [input],
  }),
})
