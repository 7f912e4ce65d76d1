import { createHash, timingSafeEqual } from 'node:crypto'

/** What a tenant may ask before a page shows anything, in the order in which it is asked (D-96). */
export const identityFields = [
  'birthday',
  'postalCode',
  'lastName',
  'debtorReference',
  'claimReference',
] as const
export type IdentityField = (typeof identityFields)[number]

/** What somebody says of themselves, or what is known. */
export type Identity = Readonly<Partial<Record<IdentityField, readonly string[]>>>

const fieldsMax = 3

/** The fields a tenant asks for: none to three of those there are. What is no field asks for nothing. */
export function wantedFields(
  settings: Readonly<Record<string, unknown>>,
): readonly IdentityField[] {
  const { verification } = settings
  if (!Array.isArray(verification)) return []
  return identityFields.filter((field) => verification.includes(field)).slice(0, fieldsMax)
}

/** Whether what is given names the person who is known, in every wanted field, however it is written. */
export function isSamePerson(
  wanted: readonly IdentityField[],
  person: { readonly given: Partial<Record<IdentityField, string>>; readonly known: Identity },
): boolean {
  // Every field is looked at, whichever differs: the time taken tells nothing.
  const equal = wanted.map((field) => {
    const given = normal(field, person.given[field] ?? '')
    const known = (person.known[field] ?? []).map((text) => normal(field, text))
    const matches = known.filter((text) => text !== '' && isEqual(text, given))
    return matches.length > 0
  })
  return equal.every(Boolean)
}

const umlauts: Readonly<Record<string, string>> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  ß: 'ss',
  ø: 'oe',
  æ: 'ae',
}

/** What does not count: case, blanks, hyphens and accents; Müller is Mueller. */
function normal(field: IdentityField, text: string): string {
  const lower = text.normalize('NFC').toLowerCase()
  if (field !== 'lastName') return lower.replaceAll(/[\s-]/g, '')
  return lower
    .replaceAll(/[äöüßøæ]/g, (letter) => umlauts[letter] ?? letter)
    .normalize('NFD')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
}

function isEqual(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

const digest = (text: string) => createHash('sha256').update(text).digest()
