import { isIP } from 'node:net'
import { type Networks, parseNetworks } from '@sluice/runtime'
import type { Ports } from './ports.ts'

/** Whom we may send to: addresses come from devices, and devices may lie (ConnectionRequestURL, UDPConnectionRequestAddress). */
export interface CpeGuard {
  /** Of an address as it is connected to, after name resolution. */
  allowsAddress(address: string): boolean
  allowsPort(port: number): boolean
}

export interface CpeGuardSettings {
  /** The networks of CPE, CIDR list; empty: every global unicast address. */
  readonly cpeNetworks: Networks
  readonly cpeNetworksAreNamed: boolean
  /** Loopback and the like that are let in nevertheless, on a laptop or in a lab. */
  readonly labNetworks: Networks
  /** Where our own servers are: refused whatever else is named, but for a lab. */
  readonly ownNetworks: Networks
  /** Addresses of this host's own interfaces. */
  readonly ownAddresses: ReadonlySet<string>
  readonly ports: Ports
}

/** No CPE is ever there: this host, link-local (cloud metadata), multicast, and IPv6 forms that lead back into IPv4 (RFC 6890). */
const NEVER = parseNetworks(
  [
    '0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/4,240.0.0.0/4',
    '::/96,64:ff9b::/96,64:ff9b:1::/48,2001::/32,2002::/16,fe80::/10,fec0::/10,ff00::/8',
  ].join(','),
)

/** CPE may be there where an operator says so: private, shared, benchmarking and documentation networks. */
const NOT_GLOBAL = parseNetworks(
  [
    '10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,192.0.0.0/24,192.0.2.0/24,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24',
    'fc00::/7,2001:db8::/32,100::/64',
  ].join(','),
)
const GLOBAL_IPV6 = parseNetworks('2000::/3')

export function createCpeGuard(settings: CpeGuardSettings): CpeGuard {
  const { cpeNetworks, cpeNetworksAreNamed, labNetworks, ownNetworks, ownAddresses, ports } = settings
  return {
    allowsAddress(text) {
      const address = plainAddress(text)
      if (address === null) return false
      if (labNetworks.contains(address)) return true
      if (ownNetworks.contains(address) || ownAddresses.has(address) || NEVER.contains(address)) return false
      return cpeNetworksAreNamed ? cpeNetworks.contains(address) : isGlobal(address)
    },
    allowsPort: (port) => ports.contains(port),
  }
}

function isGlobal(address: string): boolean {
  return !NOT_GLOBAL.contains(address) && (isIP(address) === 4 || GLOBAL_IPV6.contains(address))
}

/** The IPv4 address inside a mapped one, so that each rule sees it; null for what is no address or has a zone. */
export function plainAddress(text: string): string | null {
  if (isIP(text) === 0 || text.includes('%')) return null
  if (isIP(text) === 4) return text
  const hostname = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1) ?? ''
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(hostname)
  if (mapped === null) return hostname
  const bits = (Number.parseInt(mapped[1]!, 16) * 0x10000 + Number.parseInt(mapped[2]!, 16)) >>> 0
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')
}
