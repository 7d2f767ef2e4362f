import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readPublicKey, type PublicKey } from '../signatures/public-key.ts'
import type { ReleaseKey } from '../release/judge-release.ts'
import { type ReleaseEnvelope, sealRelease } from '../release/release-envelope.ts'
import { signRelease } from '../release/sign-release.ts'
import type { ReleaseStatement } from '../release/statement.ts'

export interface Signer extends ReleaseKey {
  readonly privateKey: KeyObject
}

export const STATEMENT: ReleaseStatement = {
  schemaVersion: 1,
  vendor: 'Acme',
  product: 'acme/rg-1',
  version: '2.0.0',
  softwareVersions: ['2.0.0'],
  counter: 12,
  models: [{ oui: '00D09E', productClass: 'IGD' }],
  image: { size: 1_000, sha256: 'a'.repeat(64) },
  expires: '2027-01-01T00:00:00Z',
  allowDowngrade: false,
}

export function someSigner(
  trust: Partial<ReleaseKey['trust']> = {},
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } = generateKeyPairSync('ed25519'),
): Signer {
  const publicKey = readOrThrow(pair.publicKey)
  const inForce = {
    purposes: ['release' as const],
    ouis: [],
    models: [],
    approved: true,
    validFrom: null,
    validUntil: null,
    revoked: false,
  }
  return { publicKey, privateKey: pair.privateKey, trust: { keyId: publicKey.keyId, ...inForce, ...trust } }
}

export function signedBy(signers: readonly Signer[], statement: ReleaseStatement = STATEMENT): ReleaseEnvelope {
  return signers.reduce<ReleaseEnvelope>(signRelease, sealRelease(statement))
}

function readOrThrow(key: KeyObject): PublicKey {
  const read = readPublicKey(key.export({ format: 'pem', type: 'spki' }).toString())
  if (read.kind === 'refused') throw new Error(read.detail)
  return read.publicKey
}
