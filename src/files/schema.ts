/** What files look like to those who read them. */
import { type Static, Type } from 'typebox'
import { Id, Timestamp } from '../kernel/schema.ts'

const NullableText = Type.Union([Type.String(), Type.Null()])

export const File = Type.Object({
  fileId: Id,
  accountReference: Type.String(),
  claimReference: NullableText,
  productReference: NullableText,
  documentType: NullableText,
  fileName: Type.String(),
  contentType: Type.String(),
  size: Type.Integer({ minimum: 1 }),
  sha256: Type.String(),
  uploadedAt: Timestamp,
})
export type File = Static<typeof File>

export const FilePage = Type.Object({ items: Type.Array(File), nextCursor: NullableText })
export type FilePage = Static<typeof FilePage>
