import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** PKCS #8 wrapping of a raw Ed25519 private key (RFC 8410 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export interface VendorKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/**
 * The key pair simulated vendors sign with in tests: derived from a public sentence, so everybody has it.
 * It protects nothing; give devices another public key where that matters.
 */
export function testVendorKey(): VendorKey {
  const secret = createHash('sha256').update('the simulated vendor of Sluice').digest()
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}
