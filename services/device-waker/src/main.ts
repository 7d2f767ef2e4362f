import { connectNats } from '@sluice/bus'
import { RuntimeError, runMain } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { settings } from './config.ts'
import { createDeviceWaker } from './device-waker.ts'
import { wakerSettings } from './waker-settings.ts'

await runMain('device-waker', settings, async ({ settings: given, log, clock, ids, closeAtEnd, fail }) => {
  const { SLUICE_XMPP_SERVICE: service, SLUICE_XMPP_JID: jid, SLUICE_XMPP_PASSWORD: password } = given
  if (service !== undefined && (jid === undefined || password === undefined))
    throw new RuntimeError('invalid_settings', 'SLUICE_XMPP_SERVICE needs SLUICE_XMPP_JID and SLUICE_XMPP_PASSWORD')
  const sql = await connectPostgres({ url: given.SLUICE_POSTGRES_URL })
  closeAtEnd('sql', () => sql.close())
  const bus = await connectNats({ servers: given.SLUICE_NATS_URL, service: 'device-waker', clock, log, onLost: fail })
  closeAtEnd('bus', () => bus.close())
  const waker = createDeviceWaker({ sql, bus, clock, ids, log }, wakerSettings(given))
  closeAtEnd('waker', () => waker.stop())
  await waker.start()
  return { checks: waker.checks }
})
