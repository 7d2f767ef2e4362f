import { type CredentialRole, deviceNameOf } from '@sluice/contracts'
import type { NonceUse } from '@sluice/hot-store'
import { type Identified, identityNamed } from './device-identity.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { type Claimant, type Gate, namesDevice } from './http/authenticate.ts'
import { forbidden, type Reply, unauthorized, unavailable } from './http/reply.ts'

export type Proof =
  /** `role`: of the credential it was proved with; null where none was asked for. `issueId`: of a pending one. */
  | { readonly kind: 'proven'; readonly role: CredentialRole | null; readonly issueId?: string | undefined }
  /** What its POST is answered. */
  | { readonly kind: 'refused'; readonly reply: Reply }

/** Whether who stands at the gate is this device (TR-069 3.3, 3.4.4). */
export async function proveIdentity(
  parts: GatewayParts,
  gate: Gate,
  device: Extract<Identified, { kind: 'identified' }>,
  about: Pick<Claimant, 'remembered' | 'isInform' | 'mayHaveForgotten'>,
): Promise<Proof> {
  const { authenticator, settings, log } = parts
  const { deviceKey, identity } = device
  const refused = (reply: Reply, verdict: string): Proof => {
    log.info({ device_key: deviceKey, device_name: deviceNameOf(identity), verdict }, 'cwmp.session.unauthorized')
    return { kind: 'refused', reply }
  }
  switch (gate.kind) {
    case 'open':
      return { kind: 'proven', role: null }
    case 'challenge':
      return { kind: 'refused', reply: unauthorized(gate.challenge, 'no_credentials') }
    case 'certified': {
      // The registry is not asked: it knows nothing of who signs certificates, and `unknown` is what it says of every device
      // that needs no password. Who is let in is up to SLUICE_CWMP_TLS_CLIENT_CA alone.
      const named = identityNamed(gate.name)
      const isIts = named.kind === 'identified' && named.deviceKey === deviceKey
      return isIts ? { kind: 'proven', role: null } : refused(forbidden('certificate_of_another'), 'certificate')
    }
    case 'presented': {
      const verdict = await authenticator.verify({ presented: gate.presented, deviceKey, identity, ...about })
      if (verdict.kind === 'good') {
        if (await isOfAnother(parts, gate, device)) return { kind: 'refused', reply: replayed(parts) }
        return { kind: 'proven', role: verdict.role, issueId: verdict.issueId }
      }
      return verdict.kind === 'wrong'
        ? refused(unauthorized(authenticator.challenge(), 'wrong_credentials'), verdict.kind)
        : refused(unavailable(settings.retryAfterSeconds, 'credentials_unknown'), verdict.kind)
    }
  }
}

/**
 * Whether another device has used this nonce: the digest of a user name that several devices have is good for each of
 * them, so who saw one on plain HTTP could begin a session as any other. Asked only once the digest has proved right, so
 * that a nonce is bound by nobody else; it costs such user names a round trip an Inform. The devices' own (TR-069 3.4.4)
 * are refused for every other device anyhow.
 */
async function isOfAnother(
  { hotStore }: GatewayParts,
  gate: Extract<Gate, { kind: 'presented' }>,
  { deviceKey, identity }: Extract<Identified, { kind: 'identified' }>,
): Promise<boolean> {
  const { nonce, presented } = gate
  if (nonce === undefined || namesDevice(presented.username, identity)) return false
  const [holder] = await hotStore.bindNonces([{ nonce, deviceKey }])
  return holder !== 'own'
}

/** The digest nonce a POST uses: what the scripts of the hot store see to that nobody uses again. */
export function nonceOf(gate: Gate): NonceUse | undefined {
  return gate.kind === 'presented' ? gate.nonce : undefined
}

/** Codes of what was tolerated in how it authenticates: TR-069 3.4.5 has every CPE know qop. */
export function leniencyOf(gate: Gate): readonly string[] {
  const isOld = gate.kind === 'presented' && gate.presented.kind === 'digest' && gate.presented.qop === null
  return isOld ? ['digest_without_qop'] : []
}

/** A CPE whose counter does not count pays a round trip for it, no more: with `stale` it asks nobody for a password. */
export function replayed({ authenticator, instruments }: GatewayParts): Reply {
  instruments.tolerated('digest_nonce_replayed')
  return unauthorized(authenticator.challenge({ stale: true }), 'nonce_replayed')
}
