import type { SettingsValues } from '@sluice/runtime'
import type { settings } from './config.ts'
import type { DeviceWakerSettings } from './device-waker.ts'

const UNREACHABLE_TRIES = 2
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 300_000
const MAX_RUNNING = 256
const XMPP_DEADLINE_MS = 10_000
const XMPP_PING_MS = 60_000
const MAX_BINDINGS = 1_000_000

/** The service's settings from those of its process; whatever has no setting is decided here. */
export function wakerSettings(
  given: Omit<SettingsValues<typeof settings>, 'SLUICE_NATS_URL' | 'SLUICE_POSTGRES_URL'>,
): DeviceWakerSettings {
  const perSourcePerSecond = given.SLUICE_UDP_PER_SOURCE
  return {
    cpeNetworks: given.SLUICE_CPE_NETWORKS,
    ownNetworks: given.SLUICE_OWN_NETWORKS,
    labNetworks: given.SLUICE_LAB_NETWORKS,
    cpePorts: given.SLUICE_CPE_PORTS,
    perSecond: given.SLUICE_WAKE_PER_SECOND,
    perDeviceMs: given.SLUICE_WAKE_PER_DEVICE_MS,
    maxQueued: given.SLUICE_WAKE_MAX_QUEUED,
    maxRunning: MAX_RUNNING,
    busyTries: given.SLUICE_WAKE_TRIES,
    unreachableTries: UNREACHABLE_TRIES,
    firstRetryMs: FIRST_RETRY_MS,
    longestRetryMs: LONGEST_RETRY_MS,
    httpDeadlineMs: given.SLUICE_WAKE_HTTP_DEADLINE_MS,
    allowBasic: given.SLUICE_WAKE_BASIC,
    stun: given.SLUICE_STUN_ENABLED
      ? {
          host: given.SLUICE_STUN_HOST,
          port: given.SLUICE_STUN_PORT,
          publicAddress: given.SLUICE_STUN_PUBLIC_ADDRESS ?? null,
          maxBindings: MAX_BINDINGS,
          perSourcePerSecond,
        }
      : null,
    xmpp: xmppOf(given),
    notifications: given.SLUICE_NOTIFICATIONS_ENABLED
      ? { host: given.SLUICE_NOTIFICATIONS_HOST, port: given.SLUICE_NOTIFICATIONS_PORT, perSourcePerSecond }
      : null,
  }
}

function xmppOf(given: Parameters<typeof wakerSettings>[0]): DeviceWakerSettings['xmpp'] {
  const { SLUICE_XMPP_SERVICE: service, SLUICE_XMPP_JID: jabberId, SLUICE_XMPP_PASSWORD: password } = given
  if (service === undefined || jabberId === undefined || password === undefined) return null
  return {
    service,
    jabberId,
    password,
    deadlineMs: XMPP_DEADLINE_MS,
    pingEveryMs: XMPP_PING_MS,
    requireTls: given.SLUICE_XMPP_REQUIRE_TLS,
  }
}
