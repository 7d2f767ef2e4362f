import { lookup as resolveName, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Networks } from '@sluice/runtime'
import { isAllowedAddress } from './check-source.ts'

/** As `dns.lookup` with `all`: what a name leads to. */
export type ResolveName = typeof resolveName

export class ForbiddenAddress extends Error {}

/**
 * Resolves a name once, for the connection that is about to be made, and gives out only addresses that may be connected
 * to: all of them, or none. What was checked is what is connected to, whatever the name leads to the next time.
 */
export function guardedLookup(labNetworks: Networks, resolve: ResolveName = resolveName): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '')
      const forbidden = addresses.some(({ address }) => !isAllowedAddress(address, labNetworks))
      if (forbidden || addresses.length === 0) {
        return callback(new ForbiddenAddress(`${hostname} leads to an address that is not to be fetched from`), '')
      }
      if (options.all === true) return callback(null, addresses)
      callback(null, addresses[0]!.address, addresses[0]!.family)
    })
  }
}
