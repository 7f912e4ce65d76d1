/**
 * ISO 4217, list one: currencies, funds, metals and units of account in force. A table of our own,
 * because `Intl` follows CLDR, which gives HUF, COP, IDR and others no decimals.
 */

const exponentDefault = 2

const codesByExponent: readonly (readonly [exponent: number, codes: string])[] = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
  [
    2,
    `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
     CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP
     GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT
     LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
     NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
     SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS
     UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
  [4, 'CLF UYW'],
  // ISO names no exponent for these; an amount in them is kept like any other.
  [exponentDefault, 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'],
]

const exponents: ReadonlyMap<string, number> = new Map(
  codesByExponent.flatMap(([exponent, codes]) =>
    codes.split(/\s+/).map((code) => [code, exponent] as const),
  ),
)

/** All that `isCurrency` knows. */
export const currencyCodes: readonly string[] = [...exponents.keys()]

/** Whether `code` is an ISO 4217 code in force, in capitals. */
export function isCurrency(code: string): boolean {
  return exponents.has(code)
}

/**
 * How many decimals a currency has: its minor unit is 10 to the minus that. Codes ISO does not know
 * have 2, since the contracts we speak accept any three capitals.
 */
export function exponentOf(currency: string): number {
  return exponents.get(currency) ?? exponentDefault
}
