export const encodings = ['utf-8', 'windows-1252'] as const
export type Encoding = (typeof encodings)[number]

// Where windows-1252 is not latin1. The TextDecoder of Node 20 decodes both alike. Unassigned bytes stay as they are.
const letters = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'
// oxlint-disable-next-line no-control-regex -- the 32 bytes that differ
const differing = /[\u0080-\u009f]/g

/** Turns text that was read as latin1 into what its bytes say in windows-1252. */
export function fromLatin1(text: string): string {
  return text.replace(differing, (byte) => letters.charAt(byte.charCodeAt(0) - 0x80))
}
