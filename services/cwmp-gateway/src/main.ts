import { connectNats } from '@sluice/bus'
import { connectRedis } from '@sluice/hot-store'
import { defaultProfiles } from '@sluice/model-profiles'
import { runMain } from '@sluice/runtime'
import { defaultSettings, gatewaySettings, httpSettingsOf } from './config.ts'
import { createGateway } from './gateway.ts'
import { SERVICE } from './observability.ts'

await runMain(SERVICE, gatewaySettings, async ({ settings, log, clock, ids, closeAtEnd, fail }) => {
  const bus = await connectNats({ servers: settings.SLUICE_NATS_URL, service: SERVICE, clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const hotStore = await connectRedis({ url: settings.SLUICE_REDIS_URL, clock, log })
  closeAtEnd('hot_store', () => hotStore.close())
  const gateway = createGateway({
    bus,
    hotStore,
    clock,
    ids,
    log,
    profiles: defaultProfiles,
    settings: {
      ...defaultSettings,
      ...httpSettingsOf(settings),
      host: settings.SLUICE_CWMP_HOST,
      port: settings.SLUICE_CWMP_PORT,
      nonceSecret: settings.SLUICE_CWMP_NONCE_SECRET,
      snapshotKey: settings.SLUICE_SNAPSHOT_KEY,
      settingsKey: settings.SLUICE_SETTINGS_KEY,
      drainDelayMs: settings.SLUICE_CWMP_DRAIN_DELAY_MS,
    },
  })
  closeAtEnd('gateway', () => gateway.stop())
  await gateway.start()
  return {
    checks: {
      bus: () => bus.status() === 'up',
      hot_store: () => hotStore.status() === 'up',
      gateway: () => gateway.isReady(),
    },
  }
})
