import { wallClockIn, wallTimeIn } from '../../kernel/dates.ts'
import { formatDecimal } from '../../kernel/money.ts'
import { type PayofinRefusal, zone } from '../../payofin/index.ts'
import { Refusal } from '../../platform/refusal.ts'

/** The three fields that every answer of this door ends with (§6 of the specification). */
export interface Verdict {
  readonly result: boolean
  readonly resultCode: number
  readonly resultMessage: string
}

const succeeded: Verdict = { result: true, resultCode: 1, resultMessage: 'İşlem Başarılı' }

/** An answer that something was done, or found. */
export function done<P extends object>(payload: P): P & Verdict {
  return { ...payload, ...succeeded }
}

/** What each result code says (§7). */
const words: Readonly<Record<number, string>> = {
  [-1]: 'Aboneye ait borç kaydı yok',
  [-2]: 'Bakiye yetersiz veya okunamadı',
  [-3]: 'Kurumun işlem saatleri dışında',
  [-4]: 'Tatil günü: kurum sorgulanamaz',
  [-5]: 'Tek işlemde 20.000 TL ve üzeri tahsil edilemez',
  [-6]: 'Kuruma ulaşılamadı, daha sonra deneyin',
  [-7]: 'Bu işlem için yetkiniz yok',
  [-8]: 'Kısmi tutar tam sayı olmalı',
  [-9]: 'Rapor aralığı 15 günü aşamaz',
  [-10]: 'Fatura daha önce ödenmiş',
  [-11]: 'İşlem bulunamadı',
  [-12]: 'Kimlik veya vergi numarası hatalı',
  [-13]: 'Sözleşme yasal takipte, sorgulanamaz',
  [-14]: 'Abone numarası hatalı',
  [-15]: 'Firma referans numarası hatalı',
  [-16]: 'Ek numara hatalı',
  [-17]: 'Kurum kodu hatalı',
  [-18]: 'Sistem hatası',
  [-19]: 'Ödenecek fatura bulunamadı, yeniden sorgulayın',
  [-20]: 'Kısmi tutar fatura tutarından büyük',
  [-21]: 'Fatura sorgu numarası boş',
  [-22]: 'Kullanıcı bilgileri hatalı',
  [-23]: 'Listelenecek kurum yok',
  [-25]: 'Borç yalnızca kurum veznelerinden ödenebilir',
  [-26]: 'Rapor tarihleri boş veya hatalı',
}

const codes: Readonly<Record<string, number>> = {
  no_debt: -1,
  balance_too_low: -2,
  outside_hours: -3,
  holiday: -4,
  amount_too_large: -5,
  not_permitted: -7,
  partial_not_whole: -8,
  range_too_long: -9,
  already_paid: -10,
  no_transaction: -11,
  national_id_wrong: -12,
  legal_follow_up: -13,
  subscriber_wrong: -14,
  firm_reference_wrong: -15,
  additional_wrong: -16,
  institution_wrong: -17,
  too_many_queries: -18,
  query_unknown: -19,
  partial_too_large: -20,
  query_missing: -21,
  credentials_wrong: -22,
  no_institutions: -23,
  desk_only: -25,
  dates_missing: -26,
} satisfies Partial<Record<PayofinRefusal, number>>

const unreachable = -6
const internal = -18

/** The result code of whatever went wrong; what nobody foresaw is internal. */
export function codeOf(error: unknown): number {
  if (!(error instanceof Refusal)) return internal
  const code = codes[error.code]
  if (code !== undefined) return code
  return error.kind === 'unavailable' || error.kind === 'too_many' ? unreachable : internal
}

/** An answer that nothing was done, and why. */
export function failed(code: number): Verdict {
  return { result: false, resultCode: code, resultMessage: words[code] ?? '' }
}

/** Minor units as the JSON number of this door. */
export function decimal(minor: number, currency: string): number {
  return Number(formatDecimal(minor, currency))
}

/** `2026-03-05` as `5.03.2026`: the day is not padded, the month is. */
export function dayText(date: string): string {
  const [year = '', month = '', day = ''] = date.split('-')
  return `${Number(day)}.${month}.${year}`
}

/** An instant as clocks in Istanbul show it, `5.03.2026 08:01:09`. */
export function timeText(instant: Date): string {
  const [, time = ''] = wallTimeIn(instant, zone).split('T')
  return `${dayText(wallClockIn(instant, zone).date)} ${time}`
}
