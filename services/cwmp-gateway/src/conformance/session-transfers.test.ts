import { afterAll, beforeAll, expect, test } from 'vitest'
import { attemptId, TARGET, watchOf } from '../testing/upgrade-parts.ts'
import { type Field, openField } from './field.ts'
import { DOWNLOAD_ACCEPTED, transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

test('session 13: a TransferComplete that is repeated is answered each time, within a session and in the next', async () => {
  const cpe = field.cpe()
  for (const events of [['7 TRANSFER COMPLETE'], ['7 TRANSFER COMPLETE', '2 PERIODIC']]) {
    await cpe.contact({ events })
    for (let again = 0; again < 2; again++) {
      expect((await cpe.say('TransferComplete', transferComplete(attemptId(13)))).rpc).toBe('TransferCompleteResponse')
    }
  }
  const facts = await cpe.facts(4)
  expect(new Set(facts.map((fact) => JSON.stringify(fact))).size).toBe(1)
})

test('session 14: a TransferComplete while our request is open is answered, and the request stays open', async () => {
  const cpe = field.cpe()
  await cpe.isAsked({ method: 'Reboot' })
  await cpe.contact()
  const { id } = await cpe.empty()
  expect((await cpe.say('TransferComplete', transferComplete('k'))).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.say('RebootResponse', '', id)).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'response' } }])
})

test('session 15: a TransferComplete in the session of its Download is answered, before the response and after the end', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(15)
  expect((await cpe.toDownload()).rpc).toBe('Download')
  const complete = () => cpe.say('TransferComplete', transferComplete(attemptId(15)))
  expect((await complete()).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.say('DownloadResponse', DOWNLOAD_ACCEPTED)).status).toBe(204)
  expect((await complete()).rpc).toBe('TransferCompleteResponse')
  expect((await cpe.empty()).status).toBe(204)
  expect((await cpe.facts(3)).map(({ kind }) => kind)).toEqual([
    'transfer_completed',
    'download_answered',
    'transfer_completed',
  ])
})

test('session 16: when Download is on the wire its attempt is committed, and offer and watch are on the record', async () => {
  const cpe = field.cpe()
  await cpe.isHinted(16)
  const download = await cpe.toDownload()
  expect(download.body).toContain(`<CommandKey>${attemptId(16)}</CommandKey>`)
  expect(field.stand.claims.filter(({ deviceKey }) => deviceKey === cpe.deviceKey)).toHaveLength(1)
  expect(await cpe.record()).toMatchObject({
    offer: { attemptId: attemptId(16), answered: false },
    watch: { attemptId: attemptId(16) },
    tasks: [],
  })
})

test('session 17: where TransferComplete never comes, every Inform of the device is told until it is at its target', async () => {
  const cpe = field.cpe()
  const watch = watchOf(17)
  await field.stand.hotStore.place([{ op: 'put_watch', deviceKey: cpe.deviceKey, watch }])
  for (let day = 0; day < 3; day++) {
    await cpe.contact()
    expect((await cpe.empty()).status).toBe(204)
  }
  await cpe.contact({ version: TARGET })
  expect((await cpe.empty()).rpc).toBe('GetParameterValues')
  expect(await cpe.facts(4)).toMatchObject([
    { kind: 'informed', softwareVersion: '1.0' },
    { kind: 'informed', softwareVersion: '1.0' },
    { kind: 'informed', softwareVersion: '1.0' },
    { kind: 'informed', softwareVersion: TARGET },
  ])
})
