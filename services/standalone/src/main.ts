import { httpSettingsOf } from '@sluice/cwmp-gateway'
import { runMain } from '@sluice/runtime'
import { settings } from './config.ts'
import { startStandalone } from './standalone.ts'

await runMain('standalone', settings, async ({ settings: given, log, clock, ids, closeAtEnd }) => {
  const system = await startStandalone(
    { clock, ids, log },
    {
      stateDirectory: given.SLUICE_STATE_DIRECTORY,
      host: given.SLUICE_HOST,
      publicHost: given.SLUICE_PUBLIC_HOST,
      cwmpPort: given.SLUICE_CWMP_PORT,
      http: httpSettingsOf(given),
      filesPort: given.SLUICE_FILES_PORT,
      apiHost: given.SLUICE_API_HOST,
      apiPort: given.SLUICE_API_PORT,
      apiTokens: given.SLUICE_API_TOKENS,
      labNetworks: given.SLUICE_LAB_NETWORKS,
      requireRelease: given.SLUICE_REQUIRE_RELEASE,
      registry: {
        autoRegistration: given.SLUICE_AUTO_REGISTRATION,
        bootstrapReturnsPerHour: given.SLUICE_BOOTSTRAP_RETURNS_PER_HOUR,
      },
      stunPort: given.SLUICE_STUN_PORT ?? null,
      notificationsPort: given.SLUICE_NOTIFICATIONS_PORT ?? null,
    },
  )
  closeAtEnd('system', () => system.stop())
  if (given.SLUICE_HOST !== given.SLUICE_PUBLIC_HOST && given.SLUICE_PUBLIC_HOST === '127.0.0.1') {
    log.warn({ files_url: system.filesUrl }, 'standalone.public_host.unset')
  }
  log.info({ acs_url: system.acsUrl, files_url: system.filesUrl, api_url: system.apiUrl }, 'standalone.system.started')
  return { checks: { system: system.isUp } }
})
