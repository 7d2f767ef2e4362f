import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type Clock, withDeadline } from '@sluice/runtime'
import type { CpeGuard } from './cpe-guard.ts'

/** The address to connect to, not its name: a name that resolves to something else the next time leads nowhere. */
export interface Target {
  readonly address: string
  readonly family: 4 | 6
  readonly port: number
}

export type ResolvedTarget =
  | { readonly kind: 'target'; readonly target: Target }
  | { readonly kind: 'refused_address' }
  | { readonly kind: 'unreachable' }

export type Resolve = (host: string) => Promise<readonly string[]>

const DNS_DEADLINE_MS = 5_000
const MAX_ADDRESSES = 16

/** Asks the system's resolver, which also reads what is written as `127.1` or `0x7f000001`. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)

/** The first address of a host, provided that all of its addresses may be connected to: a name that mixes is a trick. */
export async function resolveTarget(
  host: string,
  port: number,
  parts: { readonly guard: CpeGuard; readonly resolve: Resolve; readonly clock: Clock },
): Promise<ResolvedTarget> {
  const { guard, resolve, clock } = parts
  if (!guard.allowsPort(port)) return { kind: 'refused_address' }
  let addresses: readonly string[]
  try {
    addresses = isIP(host) !== 0 ? [host] : await withDeadline(resolve(host), DNS_DEADLINE_MS, { clock })
  } catch {
    return { kind: 'unreachable' }
  }
  const [address] = addresses
  if (address === undefined) return { kind: 'unreachable' }
  if (addresses.length > MAX_ADDRESSES || !addresses.every((one) => guard.allowsAddress(one)))
    return { kind: 'refused_address' }
  return { kind: 'target', target: { address, family: isIP(address) === 6 ? 6 : 4, port } }
}
