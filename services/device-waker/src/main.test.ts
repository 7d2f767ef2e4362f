import { applyTopology, connectNats } from '@sluice/bus'
import { deviceKeyOf, deviceWake } from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { freePort, freshDatabase, startProcess } from '@sluice/testbed'
import { afterEach, expect, inject, test } from 'vitest'
import { decodeStun, encodeStun, STUN } from './stun/stun-message.ts'
import { startUdpPeer } from './testing/udp-peer.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const ENTRY = 'services/device-waker/src/main.ts'

test('alone in a process it serves over NATS and answers STUN, and SIGTERM ends it in order', async () => {
  const servers = inject('natsUrl')
  await applyTopology(servers)
  const [adminPort, stunPort, notificationsPort] = [await freePort(), await freePort(), await freePort()]
  const running = await startProcess({
    entry: ENTRY,
    env: {
      SLUICE_NATS_URL: servers,
      SLUICE_POSTGRES_URL: await freshDatabase(inject('postgresUrl')),
      SLUICE_ADMIN_PORT: String(adminPort),
      SLUICE_STUN_PORT: String(stunPort),
      SLUICE_NOTIFICATIONS_PORT: String(notificationsPort),
      SLUICE_LAB_NETWORKS: '127.0.0.0/8',
    },
    readyWhen: `http://127.0.0.1:${adminPort}/readyz`,
  })
  closing.push(() => running.kill())
  const log = createLog({ service: 'test', level: 'silent' })
  const bus = await connectNats({ servers, service: 'device-tasks', clock: systemClock, log })
  closing.push(() => bus.close())
  const deviceKey = deviceKeyOf({ oui: '00D09E', productClass: 'RG', serialNumber: 'SN-1' })
  expect(await bus.request(deviceWake, { deviceKey })).toEqual({ ok: true, data: { kind: 'queued' } })

  const cpe = await startUdpPeer()
  closing.push(() => cpe.stop())
  const request = { type: STUN.bindingRequest, transactionId: Buffer.alloc(16, 1), attributes: [] }
  const answer = decodeStun(await cpe.ask(encodeStun(request), stunPort))
  expect(answer).toMatchObject({ kind: 'message', message: { type: STUN.bindingResponse } })

  await running.stop()
  expect(await running.ended).toBe(0)
})

test('an XMPP server without an account ends it with what is missing', async () => {
  const running = startProcess({
    entry: ENTRY,
    env: {
      SLUICE_NATS_URL: 'nats://127.0.0.1:1',
      SLUICE_POSTGRES_URL: 'postgres://127.0.0.1:1/x',
      SLUICE_ADMIN_PORT: '0',
      SLUICE_XMPP_SERVICE: 'xmpp://127.0.0.1:5222',
    },
    readyWhen: (output) => output.includes('process.started'),
  })
  await expect(running).rejects.toThrow('SLUICE_XMPP_SERVICE needs SLUICE_XMPP_JID and SLUICE_XMPP_PASSWORD')
})
