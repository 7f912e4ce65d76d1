import { type Letter, renderLetter } from '../../../communications/index.ts'
import type { Answer } from '../entity.ts'
import { refuse } from '../refusals.ts'
import { documentTypeIds, type DocumentType } from './document-types.ts'

/** The one media type that documents come in. */
export const pdfMediaTypeId = 1_400_000_400_001

export function requirePdf(mediaTypeId: unknown): void {
  if (mediaTypeId === pdfMediaTypeId) return
  throw refuse('unprocessable', `documents come as PDF only, media type ${pdfMediaTypeId}`)
}

/** A letter as a RenderedDocument: a PDF in base64. */
export async function rendered(letter: Letter, type: DocumentType): Promise<Answer> {
  const bytes = await renderLetter(letter)
  return {
    kind: 'json',
    value: {
      data: bytes.toString('base64'),
      documentTemplateType: documentTypeIds[type],
      mimeType: 'application/pdf',
      title: letter.subject,
    },
  }
}
