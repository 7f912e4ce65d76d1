import { addDays } from '../../src/kernel/dates.ts'
import { type Random, randomFrom } from '../crash/load.ts'

/** What becomes of a claim while it is chased. */
export type Story =
  | { readonly kind: 'silent' }
  | { readonly kind: 'pays'; readonly day: number }
  | { readonly kind: 'paysHalf'; readonly day: number }
  | { readonly kind: 'disputes'; readonly day: number; readonly until: number | undefined }
  | { readonly kind: 'optsOut'; readonly day: number; readonly channel: Channel }
  | { readonly kind: 'promises'; readonly day: number; readonly isKept: boolean }
  | { readonly kind: 'plan'; readonly day: number; readonly isKept: boolean }
  | { readonly kind: 'pauses'; readonly day: number; readonly until: number }
  | { readonly kind: 'stops'; readonly day: number }
  | { readonly kind: 'resolves'; readonly day: number }
export type Channel = 'email' | 'sms' | 'letter'

export interface Claim {
  readonly reference: string
  readonly account: string
  readonly debtor: Debtor
  readonly isManaged: boolean
  readonly amountMinor: number
  readonly dueOn: string
  readonly story: Story
}

export interface Debtor {
  readonly reference: string
  readonly country: keyof typeof zonesOf
  readonly has: { readonly email: boolean; readonly mobile: boolean }
}

// Written down here once more: whoever checks the clock of the product does not ask the product what time it is there.
export const zonesOf = {
  DE: ['Europe/Berlin'],
  GB: ['Europe/London'],
  FI: ['Europe/Helsinki'],
  PT: ['Europe/Lisbon'],
  IN: ['Asia/Kolkata'],
  JP: ['Asia/Tokyo'],
  NZ: ['Pacific/Auckland', 'Pacific/Chatham'],
  US: ['America/New_York', 'America/Chicago', 'America/Los_Angeles', 'Pacific/Honolulu'],
} as const
const countries = Object.keys(zonesOf) as (keyof typeof zonesOf)[]

const groupSize = 10
/** The share of claims whose debtor has ten of them, which is more than may be written about in a week. */
const sharedShare = 0.2
const dueWithinDays = 21

/** Debtors, their claims and what becomes of each, all of it determined by the seed. */
export function castOf(seed: number, count: number, startsOn: string): Claim[] {
  const random = randomFrom(seed)
  return Array.from({ length: count }, (_, number) => {
    const group = Math.floor(number / groupSize)
    const isShared = number < count * sharedShare
    const isManaged = group % 2 === 0
    const account = isShared ? `A-G${group}` : `A-${number}`
    const place = isShared ? group * 3 : number * 8
    return {
      reference: `C-${String(number).padStart(5, '0')}`,
      account,
      debtor: debtorOf(isShared ? `D-G${group}` : `D-${number}`, isShared ? group : number),
      isManaged,
      amountMinor: 3_000 + (number % 50) * 90,
      dueOn: addDays(startsOn, place % dueWithinDays),
      story: storyOf(random),
    }
  })
}

function debtorOf(reference: string, number: number): Debtor {
  const country = countries[number % countries.length] ?? 'DE'
  return { reference, country, has: { email: number % 17 !== 5, mobile: number % 11 !== 3 } }
}

function storyOf(random: Random): Story {
  const chance = random()
  const whole = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const coin = random() < 0.5
  const day = whole(1, 80)
  if (chance < 0.4) return { kind: 'silent' }
  if (chance < 0.65) return { kind: 'pays', day }
  if (chance < 0.7) return { kind: 'paysHalf', day }
  if (chance < 0.76) return { kind: 'disputes', day, until: coin ? day + 20 : undefined }
  if (chance < 0.81) {
    const channel = (['email', 'sms', 'letter'] as const)[whole(0, 3)] ?? 'email'
    return { kind: 'optsOut', day: whole(1, 30), channel }
  }
  if (chance < 0.86) return { kind: 'promises', day, isKept: coin }
  // Agreed on before the claim would be handed over; some are paid to the end only after that.
  if (chance < 0.91) return { kind: 'plan', day: whole(15, 45), isKept: coin }
  if (chance < 0.95) return pauseFrom(whole(1, 60))
  if (chance < 0.97) return { kind: 'stops', day: whole(1, 40) }
  return { kind: 'resolves', day }
}

const pauseFrom = (day: number): Story => ({ kind: 'pauses', day, until: day + 12 })
