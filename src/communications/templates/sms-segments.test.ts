import { describe, expect, it } from 'vitest'
import { smsSize, smsText } from './sms-segments.ts'

describe('the size of an SMS', () => {
  it.each([
    ['a'.repeat(160), { encoding: 'GSM-7', units: 160, segments: 1 }],
    ['a'.repeat(161), { encoding: 'GSM-7', units: 161, segments: 2 }],
    ['a'.repeat(306), { encoding: 'GSM-7', units: 306, segments: 2 }],
    ['a'.repeat(307), { encoding: 'GSM-7', units: 307, segments: 3 }],
    ['ł'.repeat(70), { encoding: 'UCS-2', units: 70, segments: 1 }],
    ['ł'.repeat(71), { encoding: 'UCS-2', units: 71, segments: 2 }],
    ['€'.repeat(80), { encoding: 'GSM-7', units: 160, segments: 1 }],
    ['', { encoding: 'GSM-7', units: 0, segments: 1 }],
  ])('counts %#', (text, size) => {
    expect(smsSize(text)).toEqual(size)
  })

  it('tears no character in two: an escaped one at the border moves to the next segment', () => {
    // 153 septets fit: after 152 an escaped character does not.
    const torn = `${'a'.repeat(152)}€${'a'.repeat(152)}`
    expect(smsSize(torn)).toEqual({ encoding: 'GSM-7', units: 306, segments: 3 })
    const emoji = `${'ł'.repeat(66)}😀${'ł'.repeat(66)}`
    expect(smsSize(emoji)).toEqual({ encoding: 'UCS-2', units: 134, segments: 3 })
  })

  it('stays in GSM-7 with an amount as Intl formats it', () => {
    expect(smsSize(smsText('1.250,00\u00A0€ offen')).encoding).toBe('GSM-7')
  })
})
