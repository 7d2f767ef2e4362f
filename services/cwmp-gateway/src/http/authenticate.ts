import type { Bus } from '@sluice/bus'
import { type DeviceIdentity, deviceCredential, deviceNameOf } from '@sluice/contracts'
import type { HotRecord, HotStore, StoredCredential } from '@sluice/hot-store'
import {
  type Authorization,
  type BasicAuthorization,
  basicChallenge,
  checkNonce,
  constantTimeEqual,
  type DigestAuthorization,
  digestChallenge,
  issueNonce,
  parseAuthorization,
  verifyBasic,
  verifyDigest,
} from '@sluice/http-auth'
import { type Clock, currentTraceparent, type Log, randomToken } from '@sluice/runtime'
import { type GatewaySettings, REALM } from '../config.ts'

export type Presented = DigestAuthorization | BasicAuthorization

export type Gate =
  /** Authentication is off. */
  | { readonly kind: 'open' }
  /** Answer 401 with this WWW-Authenticate. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  | { readonly kind: 'presented'; readonly presented: Presented }

export type Verdict = 'good' | 'wrong' | 'cannot_tell'

export type Remembered = Pick<HotRecord, 'credential' | 'credentialRevision'>

export interface Claimant {
  readonly presented: Presented
  readonly deviceKey: string
  readonly identity: DeviceIdentity
  /** What the hot store remembers. */
  readonly remembered: Remembered
}

export interface Authenticator {
  /** Looks at the header alone: no store, no parsing of what an unknown client sent. */
  gate(authorization: string | undefined): Gate
  challenge(): string
  /** `wrong` only when the registry has said so. */
  verify(claimant: Claimant): Promise<Verdict>
}

export interface AuthenticatorParts {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly log: Log
  readonly settings: Pick<GatewaySettings, 'auth' | 'nonceSecret'>
}

/** What the registry said, as of a revision of the device's record: any gateway that hears of a change ends it for all. */
interface RegistryAnswer {
  readonly at: number
  readonly revision: number
  readonly credential: StoredCredential | null
}

const NONCE_MS = 5 * 60_000
/** A device with a wrong password asks the registry once in this time, not once a POST. */
const ASK_AGAIN_MS = 5_000
const KEPT_ANSWERS = 10_000

export function createAuthenticator({ bus, hotStore, clock, log, settings }: AuthenticatorParts): Authenticator {
  const answers = new Map<string, RegistryAnswer>()

  const newNonce = () => issueNonce(settings.nonceSecret, clock.now(), Buffer.from(randomToken(12), 'base64url'))
  const challenge = (stale = false) =>
    settings.auth === 'basic'
      ? basicChallenge({ realm: REALM })
      : digestChallenge({ realm: REALM, nonce: newNonce(), stale })

  return {
    challenge: () => challenge(),
    gate(header) {
      if (settings.auth === 'none') return { kind: 'open' }
      const presented: Authorization = parseAuthorization(header)
      if (presented.kind !== settings.auth) return { kind: 'challenge', challenge: challenge() }
      if (presented.kind === 'digest') {
        const nonce = checkNonce(settings.nonceSecret, presented.nonce, clock.now(), NONCE_MS)
        if (nonce !== 'good') return { kind: 'challenge', challenge: challenge(nonce === 'stale') }
      }
      return { kind: 'presented', presented: presented as Presented }
    },
    async verify({ presented, deviceKey, identity, remembered }) {
      if (!namesDevice(presented.username, identity)) return 'wrong'
      const { credential, credentialRevision: revision } = remembered
      if (credential !== null && fits(presented, credential)) return 'good'
      const asked = await askRegistry(deviceKey, revision)
      if (asked.kind === 'unanswered') return 'cannot_tell'
      if (asked.credential === null || !fits(presented, asked.credential)) return 'wrong'
      const [kept] = await hotStore.rememberCredentials([{ deviceKey, credential: asked.credential, revision }])
      // It was replaced meanwhile, and nobody knows whether the registry spoke before or after.
      return kept === 'kept' ? 'good' : 'cannot_tell'
    },
  }

  async function askRegistry(
    deviceKey: string,
    revision: number,
  ): Promise<{ kind: 'answered'; credential: StoredCredential | null } | { kind: 'unanswered' }> {
    const recent = answers.get(deviceKey)
    const isRecent = recent?.revision === revision && clock.now() - recent.at < ASK_AGAIN_MS
    if (isRecent) return { kind: 'answered', credential: recent.credential }
    const traceparent = currentTraceparent()
    const reply = await bus.request(
      deviceCredential,
      { deviceKey, realm: REALM },
      traceparent === undefined ? {} : { traceparent },
    )
    if (!reply.ok) {
      log.warn({ device_key: deviceKey, code: reply.error.code }, 'cwmp.credential.unanswered')
      return { kind: 'unanswered' }
    }
    const credential = reply.data.kind === 'known' ? { username: reply.data.username, ha1: reply.data.ha1 } : null
    answers.delete(deviceKey)
    answers.set(deviceKey, { at: clock.now(), revision, credential })
    if (answers.size > KEPT_ANSWERS) answers.delete(answers.keys().next().value ?? '')
    return { kind: 'answered', credential }
  }
}

function fits(presented: Presented, { username, ha1 }: StoredCredential): boolean {
  if (!constantTimeEqual(presented.username, username)) return false
  return presented.kind === 'digest'
    ? presented.realm === REALM && verifyDigest({ authorization: presented, method: 'POST', ha1 })
    : verifyBasic({ authorization: presented, ha1, realm: REALM })
}

/** A user name in the form of TR-069 3.4.4 must be this device's own, escaped or not; any other may be its credential's. */
function namesDevice(username: string, identity: DeviceIdentity): boolean {
  if (!/^[0-9A-Fa-f]{6}-./.test(username)) return true
  const { oui, productClass, serialNumber } = identity
  const plain = productClass === '' ? `${oui}-${serialNumber}` : `${oui}-${productClass}-${serialNumber}`
  return username === deviceNameOf(identity) || username === plain
}
