/** GSM 03.38: what fits seven bits, and what needs an escape before it. */
const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('^{}\\[~]|€\f')

export interface SmsSize {
  readonly encoding: 'GSM-7' | 'UCS-2'
  /** Septets or UTF-16 code units. */
  readonly units: number
  readonly segments: number
}

/** A text of several segments gives room in each to a header that joins them. */
const room = { 'GSM-7': { alone: 160, joined: 153 }, 'UCS-2': { alone: 70, joined: 67 } } as const

/** How a text travels as SMS: one character outside GSM-7 makes all of it UCS-2. */
export function smsSize(text: string): SmsSize {
  const characters = Array.from(text)
  const isGsm = characters.every((character) => basic.has(character) || extended.has(character))
  const encoding = isGsm ? 'GSM-7' : 'UCS-2'
  const lengths = characters.map((character) => lengthOf(character, isGsm))
  const units = lengths.reduce((sum, length) => sum + length, 0)
  const { alone, joined } = room[encoding]
  return { encoding, units, segments: units <= alone ? 1 : segmentsOf(lengths, joined) }
}

function lengthOf(character: string, isGsm: boolean): number {
  if (!isGsm) return character.length
  return extended.has(character) ? 2 : 1
}

/** No character is torn between two segments. */
function segmentsOf(lengths: readonly number[], size: number): number {
  let segments = 1
  let used = 0
  for (const length of lengths) {
    if (used + length > size) {
      segments += 1
      used = 0
    }
    used += length
  }
  return segments
}

/** The spaces that formatted amounts bring would make a text UCS-2, half as long for the same money. */
export function smsText(text: string): string {
  return text.replaceAll(/[\u00A0\u2007\u2009\u202F]/g, ' ').trim()
}
