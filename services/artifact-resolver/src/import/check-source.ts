import { isIP } from 'node:net'
import { parseNetworks, type Networks } from '@sluice/runtime'

export type CheckedSource =
  | { readonly kind: 'allowed'; readonly url: URL }
  | { readonly kind: 'refused'; readonly detail: string }

/**
 * Where nobody outside may send us: this host, private and shared networks, link-local (cloud metadata lives there),
 * multicast, and the IPv6 forms that lead back into IPv4 (IANA special-purpose registries, RFC 6890).
 */
const INTERNAL = parseNetworks(
  [
    '0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,192.168.0.0/16',
    '198.18.0.0/15,224.0.0.0/4,240.0.0.0/4',
    '::/96,64:ff9b::/96,64:ff9b:1::/48,100::/64,2001::/32,2002::/16,5f00::/16',
    'fc00::/7,fe80::/10,fec0::/10,ff00::/8',
  ].join(','),
)

/** Whether an address may be connected to: public, or inside a network that was named as a lab. */
export function isAllowedAddress(address: string, labNetworks: Networks): boolean {
  return isIP(address) !== 0 && (!INTERNAL.contains(address) || labNetworks.contains(address))
}

/** The URL parser drops line ends and tabs silently, and takes backslashes for slashes: so this is asked before it. */
export function isPlainUrl(text: string): boolean {
  return /^[!-~]+$/.test(text) && !text.includes('\\')
}

/** What can be said of a source before its name is resolved. The address behind a name is checked as it is connected to. */
export function checkSource(text: string, labNetworks: Networks): CheckedSource {
  if (!isPlainUrl(text)) return refused('a URL is plain ASCII without blanks, line ends or backslashes')
  const url = URL.parse(text)
  if (url === null) return refused('this is no URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refused('only http and https are fetched')
  // TR-069 A.3.2.8: a Download URL must not carry user information; and it would be logged.
  if (url.username !== '' || url.password !== '') return refused('a URL must not carry a user name or password')
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0 && !isAllowedAddress(host, labNetworks)) return refused('this address is not to be fetched from')
  return { kind: 'allowed', url }
}

function refused(detail: string): CheckedSource {
  return { kind: 'refused', detail }
}
