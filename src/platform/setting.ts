import { isIP } from 'node:net'
import type { Flags } from './config.ts'

/** How one setting is found and what it accepts; the readers of texts that settings are written in. */

type Parse<T> = (text: string) => T | undefined

/** One setting: where it is found, what it accepts, and what it is when nobody says anything. */
export interface Setting<T> {
  variable: string
  flag?: Exclude<keyof Flags, 'demo'>
  accepts: string
  parse: Parse<T>
  fallback: T
  isSecret?: boolean
}

export const secretKeyBytes = 32

export function wholeNumber(
  variable: string,
  range: { least: number; most: number; fallback: number },
): Setting<number> {
  return {
    variable,
    accepts: `a whole number from ${range.least} to ${range.most}`,
    parse(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
      return value >= range.least && value <= range.most ? value : undefined
    },
    fallback: range.fallback,
  }
}

export function matching(
  variable: string,
  pattern: RegExp,
  accepts: string,
): Setting<string | undefined> {
  const parse = (text: string) => (pattern.test(text) ? text : undefined)
  return { variable, accepts, parse, fallback: undefined }
}

export function parseEndpoint(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, origin, pathname, username, search, hash } = new URL(text)
  const isPlain = username === '' && search === '' && hash === ''
  if (!isPlain || !['http:', 'https:'].includes(protocol)) return undefined
  return `${origin}${pathname}`.replace(/\/+$/, '')
}

export function parseSmtpUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, hostname, pathname, search, hash } = new URL(text)
  const isPlain = ['', '/'].includes(pathname) && search === '' && hash === '' && hostname !== ''
  return isPlain && ['smtp:', 'smtps:'].includes(protocol) ? text : undefined
}

export function parseSwitch(text: string): boolean | undefined {
  if (['on', 'true', 'yes', '1'].includes(text.toLowerCase())) return true
  if (['off', 'false', 'no', '0'].includes(text.toLowerCase())) return false
  return undefined
}

// Fastify no longer counts proxies: whoever reaches us directly could pretend to be one.
const privateNetworks = ['loopback', 'linklocal', 'uniquelocal']

export function parseTrustProxy(text: string): false | string | undefined {
  const isOn = parseSwitch(text)
  if (isOn !== undefined) return isOn && privateNetworks.join(',')
  const proxies = text.split(',').map((each) => each.trim())
  return proxies.every(isNetwork) ? proxies.join(',') : undefined
}

export function parseNetworks(text: string): readonly string[] | undefined {
  const networks = text.split(',').map((each) => each.trim())
  if (!networks.every((each) => isNetwork(each) && !privateNetworks.includes(each)))
    return undefined
  return networks.map((each) => {
    if (each.includes('/')) return each
    return `${each}/${isIP(each) === 6 ? 128 : 32}`
  })
}

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split(/\/(?=\d+$)/)
  const version = isIP(address)
  const isRange = bits === undefined || Number(bits) <= (version === 6 ? 128 : 32)
  return privateNetworks.includes(text) || (version !== 0 && isRange)
}

export function parseDatabaseUrl(text: string): string | undefined {
  // The driver also takes an empty host (the socket is a parameter then), which no URL may have.
  const complete = text.replace('@/', '@localhost/')
  if (!URL.canParse(complete)) return undefined
  return ['postgres:', 'postgresql:'].includes(new URL(complete).protocol) ? text : undefined
}

export function parseSecretKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64')
  // Buffer skips what is no base64, so the way back decides.
  return key.length === secretKeyBytes && key.toString('base64') === text ? key : undefined
}
