import { createSecretKey } from 'node:crypto'
import { type DeviceIdentity, deviceNameOf } from '@sluice/contracts'
import type { HotRecord, HotStore, NonceUse, SessionKey, StoredCredential } from '@sluice/hot-store'
import {
  type BasicAuthorization,
  basicChallenge,
  constantTimeEqual,
  type DigestAuthorization,
  digestChallenge,
  issueNonce,
  parseAuthorization,
  readNonce,
  verifyBasic,
  verifyDigest,
} from '@sluice/http-auth'
import { type Clock, randomToken } from '@sluice/runtime'
import { type GatewaySettings, REALM } from '../config.ts'
import { identityNamed } from '../device-identity.ts'
import type { Candidate, CredentialSource } from './credential-source.ts'
import { isIssued, issueToken } from './session-token.ts'

export type Presented = DigestAuthorization | BasicAuthorization

/** What the head of a POST says of who sends it, before anything is read or looked up. */
export type Gate =
  /** Authentication is off. */
  | { readonly kind: 'open' }
  /** Answer 401 with this WWW-Authenticate. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  /** `nonce`: of digest. */
  | { readonly kind: 'presented'; readonly presented: Presented; readonly nonce: NonceUse | undefined }
  /** The client certificate of this connection names a device (TR-069 3.3): nothing else is asked for. */
  | { readonly kind: 'certified'; readonly name: string }

export interface Credentials {
  readonly authorization: string | undefined
  /** CN of a client certificate that was verified. */
  readonly certificateName: string | null
  /** TLS, ours or that of a proxy before us. */
  readonly isSecure: boolean
}

export type Verdict =
  | { readonly kind: 'good'; readonly role: Candidate['role']; readonly issueId?: string | undefined }
  /** The registry has said so. */
  | { readonly kind: 'wrong' }
  | { readonly kind: 'cannot_tell' }

export interface Claimant {
  readonly presented: Presented
  readonly deviceKey: string
  readonly identity: DeviceIdentity
  /** What the hot store remembers. */
  readonly remembered: Pick<HotRecord, 'credential' | 'credentialRevision'>
  /** It informs: the credential of its model may do, for a first contact. */
  readonly isInform: boolean
  /** See forgotten-credential.ts. */
  readonly mayHaveForgotten: boolean
}

export interface Authenticator {
  /** Looks at the head alone: no store, no parsing of what an unknown client sent. */
  gate(credentials: Credentials): Gate
  /** A WWW-Authenticate. `stale`: it answered well, but with a nonce that is used up. */
  challenge(about?: { readonly stale: boolean }): string
  verify(claimant: Claimant): Promise<Verdict>
  /** For the cookie of a device that has proved who it is. */
  issueToken(deviceKey: string): string
  /** Whether a cookie's token was issued here or on another gateway; whether it is still good, the hot store says. */
  isIssued(key: SessionKey): boolean
}

export interface AuthenticatorParts {
  readonly credentials: CredentialSource
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly settings: Pick<GatewaySettings, 'auth' | 'nonceSecret'>
}

const NONCE_MS = 5 * 60_000

export function createAuthenticator({ credentials, hotStore, clock, settings }: AuthenticatorParts): Authenticator {
  const secret = createSecretKey(Buffer.from(settings.nonceSecret, 'utf8'))
  const newNonce = () => issueNonce(secret, clock.now(), Buffer.from(randomToken(12), 'base64url'))

  return {
    challenge,
    issueToken: (deviceKey) => issueToken(secret, deviceKey),
    isIssued: (key) => isIssued(secret, key),
    gate({ authorization, certificateName, isSecure }) {
      // Proof by itself, so it has to be the name of one device alone: `001122-A-B-C` is that of (A, B-C) and of (A-B, C).
      if (certificateName !== null && identityNamed(certificateName).kind === 'identified') {
        return { kind: 'certified', name: certificateName }
      }
      if (settings.auth === 'none') return { kind: 'open' }
      const presented = parseAuthorization(authorization)
      if (presented.kind === 'digest') return gateOfDigest(presented)
      // Over TLS a CPE may send basic without being asked (TR-069 3.4.4).
      const mayBeBasic = isSecure || settings.auth === 'basic'
      if (presented.kind === 'basic' && mayBeBasic) return { kind: 'presented', presented, nonce: undefined }
      return { kind: 'challenge', challenge: challenge() }
    },
    async verify({ presented, deviceKey, identity, remembered, isInform, mayHaveForgotten }) {
      if (isDeviceName(presented.username) && !namesDevice(presented.username, identity)) return { kind: 'wrong' }
      const { credential, credentialRevision: revision } = remembered
      if (credential !== null && fits(presented, credential)) return { kind: 'good', role: 'own' }
      const model = isInform ? { oui: identity.oui, productClass: identity.productClass } : undefined
      const asked = await credentials.ask({ deviceKey, revision, model, mayHaveForgotten })
      if (asked.kind === 'unanswered') return { kind: 'cannot_tell' }
      const match = asked.candidates.find((candidate) => fits(presented, candidate))
      if (match === undefined) return { kind: 'wrong' }
      const { role, username, ha1, issueId } = match
      if (role !== 'own') return { kind: 'good', role, issueId }
      const [kept] = await hotStore.rememberCredentials([{ deviceKey, credential: { username, ha1 }, revision }])
      // It was replaced meanwhile, and nobody knows whether the registry spoke before or after.
      return kept === 'kept' ? { kind: 'good', role } : { kind: 'cannot_tell' }
    },
  }

  function challenge({ stale } = { stale: false }): string {
    return settings.auth === 'basic'
      ? basicChallenge({ realm: REALM })
      : digestChallenge({ realm: REALM, nonce: newNonce(), stale })
  }

  function gateOfDigest(presented: DigestAuthorization): Gate {
    const nonce = readNonce(secret, presented.nonce, clock.now(), NONCE_MS)
    if (nonce.kind !== 'good') return { kind: 'challenge', challenge: challenge({ stale: nonce.kind === 'stale' }) }
    const count = presented.nc === null ? null : Number.parseInt(presented.nc, 16)
    return { kind: 'presented', presented, nonce: { id: nonce.id, count, keepMs: Math.ceil(nonce.leftMs) + 1_000 } }
  }
}

/** In a form of TR-069 3.4.4. */
function isDeviceName(name: string): boolean {
  return /^[0-9A-Fa-f]{6}-./.test(name)
}

/** Such a name is this device's own, escaped or not. */
export function namesDevice(name: string, identity: DeviceIdentity): boolean {
  const { oui, productClass, serialNumber } = identity
  const plain = productClass === '' ? `${oui}-${serialNumber}` : `${oui}-${productClass}-${serialNumber}`
  const upper = name.slice(0, 6).toUpperCase() + name.slice(6)
  return upper === deviceNameOf(identity) || upper === plain
}

function fits(presented: Presented, { username, ha1 }: StoredCredential): boolean {
  if (!constantTimeEqual(presented.username, username)) return false
  return presented.kind === 'digest'
    ? presented.realm === REALM && verifyDigest({ authorization: presented, method: 'POST', ha1 })
    : verifyBasic({ authorization: presented, ha1, realm: REALM })
}
