import { connectRedis, createMemoryHotStore } from '@sluice/hot-store'
import { systemClock } from '@sluice/runtime'
import { freshNamespace, waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { answerValues, createCpe, fault, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { embeddedTransport, log, natsTransport } from './testing/transports.ts'
import { attemptId, committing, hint, TARGET, watchOf } from './testing/upgrade-parts.ts'

const settings = [
  {
    name: 'on the embedded parts',
    transport: embeddedTransport,
    hotStore: async () => createMemoryHotStore({ clock: systemClock }),
  },
  {
    name: 'on NATS and Redis',
    transport: () => natsTransport(inject('natsUrl')),
    hotStore: () =>
      connectRedis({ url: inject('redisUrl'), clock: systemClock, log, keyPrefix: `${freshNamespace()}:` }),
  },
]

describe.each(settings)('$name', ({ transport, hotStore }) => {
  let stand: Stand
  let turn = 0
  const cpes: TestCpe[] = []
  const cpeOf = (serial: string, more: Partial<Parameters<typeof createCpe>[0]> = {}) => {
    const cpe = createCpe({ serial, port: () => stand.gateways[0]!.port, ...more })
    cpes.push(cpe)
    return cpe
  }
  const recordOf = async ({ deviceKey }: TestCpe) => {
    const key = { deviceKey, token: `probe${turn++}` }
    return (await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }]))[0]!.record
  }
  const place = async (cpe: TestCpe, n = 1) => {
    await stand.place([hint(cpe.deviceKey, n)])
    await waitUntil(async () => (await recordOf(cpe)).tasks.length > 0)
  }
  /** Up to the Download that this session is sent. */
  const toDownload = async (cpe: TestCpe) => {
    await cpe.inform()
    const asked = await cpe.empty()
    const download = await cpe.say(
      'GetParameterValuesResponse',
      answerValues(asked, () => 'secret-value'),
    )
    expect(download.rpc).toBe('Download')
    return download
  }

  beforeEach(async () => {
    stand = await openStand({ gateways: 2, transport: await transport(), hotStore: await hotStore() })
    stand.onClaim = committing()
  })
  afterEach(async () => {
    cpes.splice(0).forEach((cpe) => cpe.close())
    await stand.close()
  })

  test('a device goes from Inform over the claim to Download, TransferComplete and its target version', async () => {
    const cpe = cpeOf('S1')
    await place(cpe)
    const download = await toDownload(cpe)
    expect(download.body).toContain(`<CommandKey>${attemptId(1)}</CommandKey>`)
    expect(download.body).toContain('fw.bin?a=1&amp;b=2')
    expect((await cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')).status).toBe(204)

    await cpe.inform({ version: TARGET, events: ['1 BOOT', '7 TRANSFER COMPLETE'] })
    expect((await cpe.say('TransferComplete', transferComplete(0))).rpc).toBe('TransferCompleteResponse')
    const verify = await cpe.empty()
    expect(verify.rpc).toBe('GetParameterValues')
    expect(
      (
        await cpe.say(
          'GetParameterValuesResponse',
          answerValues(verify, () => 'secret-value'),
        )
      ).status,
    ).toBe(204)

    await waitUntil(() => stand.observed.length === 4)
    const order = ['download_answered', 'informed', 'transfer_completed', 'snapshot_read']
    expect(stand.facts().map(({ kind }) => kind)).toEqual(order)
    expect(stand.claims).toHaveLength(1)
    const { settings: before } = stand.claims[0]!.snapshot
    expect(Object.values(before)).not.toContain(null)
    expect(stand.facts('snapshot_read')).toMatchObject([{ settings: before }])
    expect(JSON.stringify([stand.claims, stand.observed])).not.toContain('secret-value')
  })

  test('every POST of a session may go to another gateway, over a connection of its own', async () => {
    const cpe = cpeOf('S2', { keepAlive: false, port: () => stand.gateways[turn++ % 2]!.port })
    await place(cpe)
    await toDownload(cpe)
    expect((await cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>')).status).toBe(204)
  })

  test('where connections name sessions, a CPE that returns no cookie is known by its own', async () => {
    const { port } = await stand.open({ connectionSessions: true })
    const cpe = cpeOf('S3', { cookies: false, port: () => port })
    await place(cpe)
    await toDownload(cpe)
  })

  test('a session that dies before the answer to Download is reported, and its device asked, not sent it again', async () => {
    const cpe = cpeOf('S4')
    await place(cpe)
    await toDownload(cpe)
    await cpe.inform()
    expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
    expect((await cpe.post(envelopeOf(fault(9000)))).status).toBe(204)
    await waitUntil(() => stand.observed.length === 3)
    const order = ['informed', 'download_unanswered', 'queued_transfers_unsupported']
    expect(stand.facts().map(({ kind }) => kind)).toEqual(order)
  })

  test('a second session takes over from the first at its second POST', async () => {
    const first = cpeOf('S5')
    const second = cpeOf('S5')
    await place(first)
    await first.inform()
    await second.inform()
    const asked = await first.empty()
    expect(asked.rpc).toBe('GetParameterValues')
    expect((await second.empty()).rpc).toBe('GetParameterValues')
    const late = await first.say(
      'GetParameterValuesResponse',
      answerValues(asked, () => 'x'),
    )
    expect([late.status, late.body]).toEqual([400, 'superseded\n'])
    expect(stand.claims).toEqual([])
  })

  test('a cookie of an old session does not keep an Inform from starting a new one', async () => {
    const cpe = cpeOf('S6')
    await cpe.inform()
    const old = cpe.cookie
    expect((await cpe.inform()).rpc).toBe('InformResponse')
    expect(cpe.cookie).not.toBe(old)
    expect((await cpe.empty()).status).toBe(204)
  })

  test('TransferComplete is answered after the session was told that there is nothing more', async () => {
    const cpe = cpeOf('S7')
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    expect((await cpe.say('TransferComplete', transferComplete(9010))).rpc).toBe('TransferCompleteResponse')
    await waitUntil(() => stand.observed.length === 1)
    expect(stand.facts()).toMatchObject([{ kind: 'transfer_completed', commandKey: attemptId(1), faultCode: 9010 }])
  })

  test('a device whose upgrade is settled is reported when its version changes, and not before', async () => {
    const cpe = cpeOf('S8')
    await stand.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(1, { mode: 'settled' }) }])
    await waitUntil(async () => (await recordOf(cpe)).watch !== null)
    for (const version of ['2.0', '2.0', '1.0']) {
      await cpe.inform({ version })
      expect((await cpe.empty()).status).toBe(204)
    }
    await waitUntil(() => stand.observed.length === 2)
    expect(stand.facts()).toMatchObject([{ softwareVersion: '2.0' }, { softwareVersion: '1.0' }])
    await waitUntil(() => stand.informed.length === 3)
  })
})

function transferComplete(code: number): string {
  return (
    `<CommandKey>${attemptId(1)}</CommandKey><FaultStruct><FaultCode>${code}</FaultCode><FaultString/></FaultStruct>` +
    '<StartTime/><CompleteTime/>'
  )
}

function envelopeOf(body: string): string {
  return (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    `xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><e:Body>${body}</e:Body></e:Envelope>`
  )
}
