import { waitUntil } from '@sluice/testbed'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { answerValues, createCpe, type TestCpe } from './testing/cpe.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { attemptId, committing, hint, TARGET } from './testing/upgrade-parts.ts'

let stand: Stand
let cpe: TestCpe
beforeEach(async () => {
  stand = await openStand()
  cpe = createCpe({ serial: 'S1', port: () => stand.gateways[0]!.port })
})
afterEach(async () => {
  cpe.close()
  await stand.close()
})

const placed = async () => {
  await stand.place([hint(cpe.deviceKey)])
  await waitUntil(async () => {
    const key = { deviceKey: cpe.deviceKey, token: 'probe' }
    const [opened] = await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }])
    return opened!.record.tasks.length > 0
  })
}

test('a device goes from Inform over the claim to Download, TransferComplete and its target version', async () => {
  await placed()
  stand.onClaim = committing()

  expect((await cpe.inform()).rpc).toBe('InformResponse')
  const asked = await cpe.empty()
  expect(asked.rpc).toBe('GetParameterValues')
  const download = await cpe.say(
    'GetParameterValuesResponse',
    answerValues(asked, () => 'secret-value'),
  )
  expect(download.rpc).toBe('Download')
  expect(download.body).toContain(`<CommandKey>${attemptId(1)}</CommandKey>`)
  expect(download.body).toContain('fw.bin?a=1&amp;b=2')
  const ended = await cpe.say('DownloadResponse', '<Status>1</Status><StartTime/><CompleteTime/>', download.id)
  expect(ended.status).toBe(204)

  expect((await cpe.inform({ version: TARGET, events: ['1 BOOT', '7 TRANSFER COMPLETE'] })).rpc).toBe('InformResponse')
  const completed = await cpe.say(
    'TransferComplete',
    `<CommandKey>${attemptId(1)}</CommandKey><FaultStruct><FaultCode>0</FaultCode><FaultString/></FaultStruct><StartTime/><CompleteTime/>`,
  )
  expect(completed.rpc).toBe('TransferCompleteResponse')
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

  await waitUntil(() => stand.facts('snapshot_read').length === 1)
  expect(stand.facts().map(({ kind }) => kind)).toEqual([
    'download_answered',
    'informed',
    'transfer_completed',
    'snapshot_read',
  ])
  expect(stand.claims).toHaveLength(1)
  const [before] = stand.claims
  expect(stand.facts('snapshot_read')).toMatchObject([{ settings: before!.snapshot.settings }])
  expect(JSON.stringify([stand.claims, stand.observed])).not.toContain('secret-value')
})
