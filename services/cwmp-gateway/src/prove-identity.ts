import { deviceNameOf } from '@sluice/contracts'
import type { Identified } from './device-identity.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Presented, Remembered } from './http/authenticate.ts'
import { type Reply, unauthorized, unavailable } from './http/reply.ts'

/** Null: this device it is. Otherwise what its POST is answered. */
export async function refusalOf(
  { authenticator, settings, log }: GatewayParts,
  presented: Presented,
  { deviceKey, identity }: Extract<Identified, { kind: 'identified' }>,
  remembered: Remembered,
): Promise<Reply | null> {
  const verdict = await authenticator.verify({ presented, deviceKey, identity, remembered })
  if (verdict === 'good') return null
  log.info({ device_key: deviceKey, device_name: deviceNameOf(identity), verdict }, 'cwmp.session.unauthorized')
  return verdict === 'wrong'
    ? unauthorized(authenticator.challenge(), 'wrong_credentials')
    : unavailable(settings.retryAfterSeconds, 'credentials_unknown')
}
