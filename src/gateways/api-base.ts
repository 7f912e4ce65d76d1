import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { refuse } from './refusals.ts'

export const stripeApiBase = 'https://api.stripe.com'

/**
 * The address of an API that secrets are sent to: Stripe's own over TLS, or an address within the networks that the
 * operator allows. Anything else a tenant names could be a machine of the operator's.
 */
export function checkedApiBase(text: string, allow: readonly string[]): string {
  if (!URL.canParse(text)) throw refuse('provider_settings', 'apiBase is no URL')
  const url = new URL(text)
  const isBare = url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  if (!isBare) throw refuse('provider_settings', 'apiBase is an address and nothing more')
  const isStripe = url.protocol === 'https:' && /(^|\.)stripe\.com$/.test(url.hostname)
  if (!isStripe && !isAllowed(url, allow)) {
    throw refuse('provider_settings', 'apiBase is neither Stripe nor an address that is allowed')
  }
  return url.href.replace(/\/+$/, '')
}

function isAllowed(url: URL, allow: readonly string[]): boolean {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) === 0) return false
  const address = ipaddr.parse(host)
  return allow.some((cidr) => {
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === address.kind() && address.match(network, bits)
  })
}
