import { BlockList, isIP } from 'node:net'
import { RuntimeError } from './runtime-error.ts'

export interface Networks {
  /** Whether an IP address (v4, v6 or v4-mapped v6) lies in one of them. Anything that is no address does not. */
  contains(address: string): boolean
}

/** What such a list looks like, for the type of a setting: whose text fits it may still name no network. */
export const NETWORKS_PATTERN = '^[0-9A-Fa-f:./, ]*$'

/** Parses `127.0.0.0/8,10.1.2.3,fd00::/8`; an empty text is no network at all. Throws RuntimeError `invalid_settings`. */
export function parseNetworks(text: string): Networks {
  const list = new BlockList()
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry !== '') addNetwork(list, entry)
  }
  return {
    contains(address) {
      const family = isIP(address)
      return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

function addNetwork(list: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/')
  const family = isIP(address)
  const longest = family === 4 ? 32 : 128
  const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (family === 0 || rest.length > 0 || !(bits >= 0 && bits <= longest)) {
    throw new RuntimeError('invalid_settings', `"${entry}" is no network: write it as 10.0.0.0/8`)
  }
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
}
