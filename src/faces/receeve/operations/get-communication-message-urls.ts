import { Type } from 'typebox'
import type { Json } from '../../../book/index.ts'
import { listCommunications } from '../../../communications/index.ts'
import { inTransaction } from '../../../platform/db.ts'
import type { Services } from '../../../platform/services.ts'

export const communicationTypes = ['email', 'letter', 'SMS'] as const
export type CommunicationType = (typeof communicationTypes)[number]

export const CommunicationPage = Type.Object({
  communicationMessageURLs: Type.Array(
    Type.Object({
      communicationType: Type.String({ enum: [...communicationTypes] }),
      messageURL: Type.String(),
      dateTime: Type.Integer(),
      bundleId: Type.String({ format: 'uuid' }),
      bundleName: Type.String(),
    }),
  ),
  limit: Type.Integer(),
  page: Type.Integer(),
  numberOfPages: Type.Integer(),
})

export interface UrlsWanted {
  readonly claimReference: string
  readonly communicationType: CommunicationType | undefined
  readonly startDate: string | undefined
  readonly limit: number
  readonly page: number
}

const channelOf = { email: 'email', letter: 'letter', SMS: 'sms' } as const
const typeOf = { email: 'email', letter: 'letter', sms: 'SMS' } as const

/** One page of where to read what the debtor of a claim was told, the newest first (13.4, D-98). */
export async function getCommunicationMessageUrls(
  { db, clocks }: Services,
  tenantId: string,
  wanted: UrlsWanted,
): Promise<Json> {
  const { claimReference, communicationType, startDate, limit, page } = wanted
  const channel = communicationType && channelOf[communicationType]
  const unit = { tenantId, now: clocks.nowOf(tenantId), isReadOnly: true }
  const { communications, total } = await inTransaction(db, unit, (tx) =>
    listCommunications(tx, { claimReference, channel, since: startDate, limit, page }),
  )
  return {
    communicationMessageURLs: communications.map((told) => ({
      communicationType: typeOf[told.channel],
      messageURL: told.messageUrl,
      dateTime: told.sentAt.getTime(),
      bundleId: told.bundleId,
      bundleName: told.bundleName,
    })),
    limit,
    page,
    numberOfPages: Math.max(1, Math.ceil(total / limit)),
  }
}
