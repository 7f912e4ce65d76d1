import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { refuse } from './refusals.ts'

/** The addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

export interface Targets {
  /** Refuses a URL that may not be called, as far as can be told now. */
  check(url: string): Promise<void>
  /** Throws `TargetRefused` for a URL that may not be called, whatever its name resolves to. */
  requireUrl(url: string): void
  /** Resolves the name at the moment of connecting, so that one that changed its mind is refused too. */
  readonly lookup: LookupFunction
}

export interface TargetsOptions {
  /** Networks that may be called although they are not public, as CIDR. */
  readonly allow: readonly string[]
  readonly resolve?: Resolve
}

/** Why a URL or an address is not called. */
export class TargetRefused extends Error {
  override name = 'TargetRefused'
}

type Network = ReturnType<typeof ipaddr.parseCIDR>

const resolveMaxMs = 2_000
const globalUnicast = ipaddr.parseCIDR('2000::/3')

/** Decides which addresses webhooks may reach: those of the public internet, and those the operator allows. */
export function createTargets(options: TargetsOptions): Targets {
  const networks = options.allow.map((cidr) => ipaddr.parseCIDR(cidr))
  const resolve = options.resolve ?? resolveBySystem

  async function publicAddresses(hostname: string): Promise<readonly string[]> {
    const addresses = await resolve(hostname)
    // One bad address spoils them all: whoever connects picks among them.
    for (const address of addresses) requireReachable(address, networks)
    return addresses
  }

  return {
    requireUrl: (url) => requireUrl(url, networks),
    async check(url) {
      try {
        const { hostname } = requireUrl(url, networks)
        // A name that does not resolve now may do so later; connecting looks again.
        if (isIP(hostname) === 0) await atMost(resolveMaxMs, publicAddresses(hostname))
      } catch (error) {
        // Whatever else went wrong was the resolver's.
        if (error instanceof TargetRefused) throw refuse('webhook_url_refused', error.message)
      }
    },
    lookup(hostname, { all }, callback) {
      publicAddresses(hostname)
        .then((addresses) => {
          const found = addresses.map((address) => ({ address, family: isIP(address) }))
          const [first] = found
          if (!first) throw new TargetRefused('the host name has no address')
          return { found, first }
        })
        .then(
          ({ found, first }) =>
            all === true ? callback(null, found) : callback(null, first.address, first.family),
          (error: Error) => callback(error, '', 0),
        )
    },
  }
}

function requireUrl(text: string, networks: readonly Network[]): { hostname: string } {
  if (!URL.canParse(text)) throw new TargetRefused('it is no URL')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TargetRefused('only https and http are')
  }
  if (url.username !== '' || url.password !== '') {
    throw new TargetRefused('it names a user or a password')
  }
  if (text.includes('#')) throw new TargetRefused('it has a fragment')
  // URL has written every spelling of an IPv4 address (0x7f.1, 2130706433) in the common one by now.
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(hostname) !== 0) requireReachable(hostname, networks)
  return { hostname }
}

function requireReachable(text: string, networks: readonly Network[]): void {
  if (!isReachable(text, networks)) {
    throw new TargetRefused('it leads to an address that is not public')
  }
}

/** Whether an address is of the public internet or allowed. IPv4 in IPv6 clothes counts as IPv4. */
export function isReachable(text: string, networks: readonly Network[]): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  const isAllowed = networks.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  )
  if (isAllowed) return true
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || address.match(...globalUnicast)
}

async function resolveBySystem(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}

async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
