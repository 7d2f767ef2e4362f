import { answered } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerValues, fault, type Heard } from '../testing/cpe.ts'
import { attemptId, go, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { type Field, type FieldCpe, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, enveloped, transferComplete, type WrittenInform } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

const N = 5
const KEY = attemptId(N)

/** Sent its Download, and answered it. */
async function downloading(inner = DOWNLOAD_ACCEPTED): Promise<FieldCpe> {
  const cpe = field.cpe()
  await cpe.isHinted(N)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  expect((await cpe.say('DownloadResponse', inner)).status).toBe(204)
  return cpe
}

/** A session of this Inform: what the device has to say first, then everything it is asked. */
async function session(cpe: FieldCpe, about: Partial<WrittenInform>, ...says: readonly string[]): Promise<Heard> {
  expect((await cpe.contact(about)).rpc).toBe('InformResponse')
  for (const complete of says) {
    expect((await cpe.say('TransferComplete', complete)).rpc).toBe('TransferCompleteResponse')
  }
  let heard = await cpe.empty()
  while (heard.rpc === 'GetParameterValues') {
    heard = await cpe.say(
      'GetParameterValuesResponse',
      answerValues(heard, () => 'x'),
    )
  }
  return heard
}

const kinds = async (cpe: FieldCpe, count: number) => (await cpe.facts(count)).map(({ kind }) => kind)

test('upgrade 1: Status 1, a transfer after the session, and what follows is told in its order', async () => {
  const cpe = await downloading()
  await session(cpe, { events: ['2 PERIODIC'] })
  await session(cpe, { version: TARGET, events: ['1 BOOT', '7 TRANSFER COMPLETE'] }, transferComplete(KEY))
  expect(await kinds(cpe, 5)).toEqual([
    'download_answered',
    'informed',
    'informed',
    'transfer_completed',
    'snapshot_read',
  ])
})

test('upgrade 2: Status 0 at once is told as it is, and the version alone tells the rest', async () => {
  const cpe = await downloading('<Status>0</Status><StartTime/><CompleteTime/>')
  await session(cpe, { version: TARGET })
  const facts = await cpe.facts(3)
  expect(facts[0]).toEqual({ kind: 'download_answered', attemptId: KEY, status: 0 })
  expect(facts.slice(1)).toMatchObject([{ kind: 'informed', softwareVersion: TARGET }, { kind: 'snapshot_read' }])
})

test('upgrade 3: everything comes in the session after the boot, 1 BOOT last', async () => {
  const cpe = await downloading()
  const events = ['7 TRANSFER COMPLETE', ['M Download', KEY], '4 VALUE CHANGE', '1 BOOT'] as const
  await session(cpe, { version: TARGET, events }, transferComplete(KEY))
  expect(await kinds(cpe, 4)).toEqual(['download_answered', 'informed', 'transfer_completed', 'snapshot_read'])
})

test('upgrade 4: TransferComplete before the reboot, and the version as a mere change of value', async () => {
  const cpe = await downloading()
  await session(cpe, { events: ['7 TRANSFER COMPLETE', ['M Download', KEY]] }, transferComplete(KEY))
  await session(cpe, { version: TARGET, events: ['4 VALUE CHANGE'] })
  expect(await kinds(cpe, 5)).toEqual([
    'download_answered',
    'informed',
    'transfer_completed',
    'informed',
    'snapshot_read',
  ])
})

test('upgrade 5: a TransferComplete without its event counts, in whatever session', async () => {
  for (const event of ['2 PERIODIC', '6 CONNECTION REQUEST']) {
    const cpe = await downloading()
    await session(cpe, { events: [event] }, transferComplete(KEY))
    expect((await cpe.facts(3))[2]).toMatchObject({ kind: 'transfer_completed', commandKey: KEY, faultCode: 0 })
  }
})

test('upgrade 6: 7 TRANSFER COMPLETE without M Download is told with its TransferComplete', async () => {
  const cpe = await downloading()
  await session(cpe, { events: ['7 TRANSFER COMPLETE'] }, transferComplete(KEY))
  const facts = await cpe.facts(3)
  expect(facts[1]).toMatchObject({ kind: 'informed', events: [{ code: '7 TRANSFER COMPLETE', commandKey: '' }] })
  expect(facts[2]).toMatchObject({ kind: 'transfer_completed', commandKey: KEY })
})

test.each([9010, 9016, 9001])('upgrade 7: a missing image that the device calls %i is told as that', async (code) => {
  const cpe = await downloading()
  await session(cpe, { events: ['7 TRANSFER COMPLETE'] }, transferComplete(KEY, code))
  expect((await cpe.facts(3))[2]).toMatchObject({ kind: 'transfer_completed', faultCode: code, faultString: 'no' })
})

test('upgrade 8: after a 9001 the device stays watched: what it runs is read all the same', async () => {
  const cpe = await downloading()
  await session(cpe, { events: ['7 TRANSFER COMPLETE'] }, transferComplete(KEY, 9001))
  await session(cpe, { version: TARGET, events: ['1 BOOT'] })
  expect(await kinds(cpe, 5)).toEqual([
    'download_answered',
    'informed',
    'transfer_completed',
    'informed',
    'snapshot_read',
  ])
})

test('upgrade 9: a 9010 in the next session, since the transfer took long, is told, and no Download is sent again', async () => {
  const cpe = await downloading()
  const heard = await session(cpe, {}, transferComplete(KEY, 9010))
  expect(heard.status).toBe(204)
  expect((await cpe.facts(3))[2]).toMatchObject({ kind: 'transfer_completed', commandKey: KEY, faultCode: 9010 })
  expect(field.stand.claims.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)).toHaveLength(1)
})

test('upgrade 10: after a long silence all comes at once, with times that nobody knows', async () => {
  const cpe = await downloading()
  const unknown = transferComplete(KEY).replaceAll(/2026-11-20T12:0\d:00Z/g, '0001-01-01T00:00:00Z')
  const events = ['1 BOOT', ['M Download', KEY], ['7 TRANSFER COMPLETE', KEY]] as const
  await session(cpe, { version: TARGET, events }, unknown)
  expect(await kinds(cpe, 4)).toEqual(['download_answered', 'informed', 'transfer_completed', 'snapshot_read'])
})

test('upgrade 11: a ScheduleInform is planted once, honoured or never heard of again', async () => {
  const cpe = field.cpe()
  const watch = watchOf(N, { plantInformSeconds: 60 })
  await field.stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch }])
  const planted = await session(cpe, { version: TARGET, events: ['1 BOOT'] })
  expect([planted.rpc, planted.body.includes('<DelaySeconds>60</DelaySeconds>')]).toEqual(['ScheduleInform', true])
  expect((await cpe.say('ScheduleInformResponse')).status).toBe(204)
  const honoured = await session(cpe, { version: TARGET, events: ['3 SCHEDULED', ['M ScheduleInform', KEY]] })
  expect(honoured.status).toBe(204)
  const informs = (await cpe.facts(4)).filter(({ kind }) => kind === 'informed')
  expect(informs[1]).toMatchObject({
    softwareVersion: TARGET,
    events: [{ code: '3 SCHEDULED' }, { code: 'M ScheduleInform', commandKey: KEY }],
  })
})

test('upgrade 11: one that is refused is no harm', async () => {
  const cpe = field.cpe()
  const watch = watchOf(N, { plantInformSeconds: 60 })
  await field.stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch }])
  expect((await session(cpe, { version: TARGET })).rpc).toBe('ScheduleInform')
  expect((await cpe.post(enveloped(fault(9000)))).status).toBe(204)
  expect(await kinds(cpe, 2)).toEqual(['informed', 'snapshot_read'])
})

test('upgrade 12: a device of CWMP 1.0 is not asked for all its transfers, one of 1.2 is', async () => {
  for (const [cwmp, rpc] of [
    ['1-0', ''],
    ['1-2', 'GetAllQueuedTransfers'],
  ] as const) {
    const cpe = field.cpe()
    const task = { kind: 'check', taskId: KEY, revision: 1 } as const
    await field.stand.hotStore.place([{ op: 'put_task', deviceKey: cpe.deviceKey, task }])
    await cpe.contact({ cwmp })
    expect((await cpe.empty()).rpc).toBe(rpc)
    if (rpc === '') expect(await cpe.facts(1)).toEqual([{ kind: 'queued_transfers_unsupported' }])
  }
})

test('upgrade 13: a device that answers an unknown path with a fault, an empty list or silence is upgraded', async () => {
  const empty = enveloped('<cwmp:GetParameterValuesResponse><ParameterList/></cwmp:GetParameterValuesResponse>')
  for (const answer of [enveloped(fault(9005, '')), empty, '']) {
    const cpe = field.cpe()
    await cpe.isHinted(N)
    await cpe.contact()
    let heard = await cpe.empty()
    for (let asked = 0; asked < 40 && heard.rpc !== 'Download'; asked++) heard = await cpe.post(answer)
    expect(heard.rpc).toBe('Download')
    const claim = field.stand.claims.find(({ deviceKey }) => deviceKey === cpe.deviceKey)
    expect(Object.values(claim?.snapshot.settings ?? { none: '' })).toEqual([null, null])
  }
})

test('upgrade 14: no credential of ours is in a URL', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(N)
  const { body } = await cpe.toDownload()
  const [, url = ''] = /<URL>([^<]*)<\/URL>/.exec(body) ?? []
  expect(url).not.toMatch(/@|download-password/)
  expect(body).toContain('<Password>download-password</Password>')
})

test('upgrade 15: a URL beyond what a client’s buffer holds is never sent to it, and told as refused', async () => {
  const usual = field.stand.onClaim
  field.stand.onClaim = () => {
    const claimed = go(N)
    if (!claimed.ok || claimed.data.kind !== 'go') return claimed
    const url = `http://192.0.2.9/${'f'.repeat(150)}`
    return answered({ ...claimed.data, download: { ...claimed.data.download, url } })
  }
  const [short, ample] = [field.cpe({ model: 'tr069agent' }), field.cpe()]
  await Promise.all([short, ample].map((cpe) => cpe.isHinted(N)))
  expect((await short.toDownload()).status).toBe(204)
  expect((await ample.toDownload()).rpc).toBe('Download')
  field.stand.onClaim = usual
  expect(await short.facts(1)).toMatchObject([{ kind: 'download_faulted', attemptId: KEY, faultCode: 9003 }])
  // Whoever makes the URL has heard how long it may be.
  const claim = field.stand.claims.find(({ deviceKey }) => deviceKey === short.deviceKey)
  expect(claim?.urlMaxLength).toBe(150)
})
