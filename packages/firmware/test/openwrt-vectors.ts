import { makeSignifyKey, type SignifyKey } from './signify.ts'
import { inWorkshop } from './tools.ts'
import { withMetadata, withSignature } from './write-fwtool.ts'
import { certificate, imageSignature, type Statement } from './write-ucert.ts'

export const METADATA = {
  metadata_version: '1.1',
  compat_version: '1.1',
  compat_message: 'the partitions have changed',
  supported_devices: ['acme,router-1 - the partitions have changed: settings are not kept'],
  new_supported_devices: ['acme,router-1', 'acme,router-1-eu'],
  version: {
    dist: 'OpenWrt',
    version: '25.12.1',
    revision: 'r32000-0123456789',
    target: 'ath79/generic',
    board: 'router-1',
  },
}

/** When the certificates of the vectors are in force. */
export const [FROM, UNTIL] = [Date.UTC(2026, 0, 1) / 1_000, Date.UTC(2027, 0, 1) / 1_000]

export const IMAGE = withMetadata(Buffer.from('what the board boots'), METADATA)

/** What a vendor has: a key that stays at home, and one of each build, which the first vouches for. */
export interface VendorKeys {
  readonly root: SignifyKey
  readonly build: SignifyKey
}

export function withVendor<T>(make: (keys: VendorKeys) => T): T {
  return inWorkshop((workshop) =>
    make({ root: makeSignifyKey(workshop, 'root'), build: makeSignifyKey(workshop, 'build') }),
  )
}

export function authorises(key: SignifyKey, change: Partial<Statement> = {}): Statement {
  return { certtype: 1, validfrom: FROM, expiresat: UNTIL, pubkey: key.text, ...change } as Statement
}

/** Signed by a key alone: `usign -S`. */
export function signedByUsign({ root }: VendorKeys, image: Uint8Array = IMAGE): Buffer {
  return withSignature(image, root.sign(image))
}

/** Signed by the build key, for which these certificates of the root key speak. */
export function signedByUcert(
  { root, build }: VendorKeys,
  certificates: readonly Buffer[] = [certificate(root, authorises(build))],
  image: Uint8Array = IMAGE,
): Buffer {
  return withSignature(image, Buffer.concat([...certificates, imageSignature(build.sign(image))]))
}
