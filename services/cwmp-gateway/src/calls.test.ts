import type { DeviceCall } from '@sluice/contracts'
import { createMemoryHotStore } from '@sluice/hot-store'
import { deviceProfile } from '@sluice/model-profiles'
import { systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { callHint, committingCalls, goCall, taskId } from './testing/call-parts.ts'
import { answerValues, createCpe, fault, informBody, type TestCpe, values } from './testing/cpe.ts'
import { putRules } from './testing/put-rules.ts'
import { openStand, type Stand } from './testing/stand.ts'
import { natsTransport } from './testing/transports.ts'
import { attemptId, hint, TARGET, upgradeId, watchOf } from './testing/upgrade-parts.ts'

let stand: Stand
let devices = 0
beforeAll(async () => {
  stand = await openStand({ transport: await natsTransport(inject('natsUrl')), gateways: 2 })
})
afterAll(() => stand.close())
beforeEach(() => {
  stand.others.reports.length = 0
  stand.observed.length = 0
  stand.claims.length = 0
})

const port = () => stand.gateways[devices++ % 2]!.port
const newCpe = (more: { cwmp?: '1-0' | '1-1' | '1-2' } = {}) => createCpe({ serial: `C${devices++}`, port, ...more })
const tasksOf = async ({ deviceKey }: TestCpe) => {
  const key = { deviceKey, token: 'probe'.padEnd(22, '0') }
  const [opened] = await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }])
  return opened!.record
}
/** A device on the line with these calls waiting. */
const withCalls = async (calls: readonly DeviceCall[], more: { cwmp?: '1-0' | '1-1' | '1-2' } = {}) => {
  const cpe = newCpe(more)
  stand.others.onCall = committingCalls(Object.fromEntries(calls.map((call, n) => [taskId(n + 1), call])))
  await stand.hotStore.place(calls.map((_, n) => callHint(cpe.deviceKey, n + 1)))
  await cpe.inform()
  return cpe
}
const result = () => stand.others.reports.at(-1)

describe('an operator’s call', () => {
  test('is claimed, sent and reported in one session, and its hint is gone', async () => {
    const cpe = await withCalls([{ method: 'Reboot' }])
    const asked = await cpe.empty()
    expect(asked.rpc).toBe('Reboot')
    expect(asked.body).toContain(`<CommandKey>${taskId(1)}</CommandKey>`)
    expect((await cpe.say('RebootResponse')).status).toBe(204)
    expect(result()).toMatchObject({
      kind: 'answered',
      taskId: taskId(1),
      deviceKey: cpe.deviceKey,
      result: { kind: 'response', response: {} },
    })
    const { tasks, call } = await tasksOf(cpe)
    expect([tasks, call]).toEqual([[], { taskId: taskId(1), answered: true }])
  })

  test('several are carried out in their order, one at a time', async () => {
    const cpe = await withCalls([
      { method: 'AddObject', objectName: 'Device.X.' },
      { method: 'GetParameterValues', names: ['Device.X.1.A'] },
    ])
    expect((await cpe.empty()).rpc).toBe('AddObject')
    const asked = await cpe.say('AddObjectResponse', '<InstanceNumber>1</InstanceNumber><Status>0</Status>')
    expect(asked.rpc).toBe('GetParameterValues')
    expect(result()).toMatchObject({ result: { response: { instanceNumber: 1, status: 0 } } })
    await cpe.say(
      'GetParameterValuesResponse',
      answerValues(asked, () => 'v'),
    )
    expect(stand.others.reports.map((report) => report.taskId)).toEqual([taskId(1), taskId(2)])
    expect(result()).toMatchObject({
      result: { response: { parameters: [{ name: 'Device.X.1.A', value: 'v', type: 'string' }] } },
    })
  })

  test('an answer that is repeated in one POST is not that of the call the first one led to', async () => {
    const cpe = await withCalls([
      { method: 'AddObject', objectName: 'Device.X.' },
      { method: 'AddObject', objectName: 'Device.Y.' },
    ])
    await cpe.empty()
    const added = (instance: number) =>
      `<cwmp:AddObjectResponse><InstanceNumber>${instance}</InstanceNumber><Status>0</Status></cwmp:AddObjectResponse>`
    const twice = envelopeOf(added(1)) + envelopeOf(added(1))
    expect((await cpe.post(twice)).rpc).toBe('AddObject')
    expect(stand.others.reports.map((report) => report.taskId)).toEqual([taskId(1)])
    expect((await cpe.post(envelopeOf(added(2)) + envelopeOf(fault(9003)))).status).toBe(204)
    expect(stand.others.reports.map((report) => report.taskId)).toEqual([taskId(1), taskId(2)])
    expect(result()).toMatchObject({ result: { kind: 'response', response: { instanceNumber: 2 } } })
  })

  test('a fault is its result, with what was wrong with each parameter', async () => {
    const cpe = await withCalls([
      { method: 'SetParameterValues', parameters: [{ name: 'Device.A', value: 'x', type: 'string' }] },
    ])
    await cpe.empty()
    const detail = fault(9003).replace(
      '</cwmp:Fault>',
      '<SetParameterValuesFault><ParameterName>Device.A</ParameterName><FaultCode>9008</FaultCode><FaultString>no</FaultString></SetParameterValuesFault></cwmp:Fault>',
    )
    await cpe.post(envelopeOf(detail))
    expect(result()).toMatchObject({
      result: { kind: 'fault', fault: { code: 9003, parameters: [{ name: 'Device.A', code: 9008, text: 'no' }] } },
    })
  })

  test('nothing is said to the device before what it answered is reported', async () => {
    const cpe = await withCalls([{ method: 'Reboot' }])
    await cpe.empty()
    stand.others.takesReports = false
    const refused = await cpe.say('RebootResponse')
    expect([refused.status, refused.body]).toEqual([503, ''])
    stand.others.takesReports = true
    expect((await cpe.say('RebootResponse')).status).toBe(204)
    expect(result()).toMatchObject({ kind: 'answered', result: { kind: 'response' } })
  })

  test('whose session is lost is reported as unanswered in the next one, and not sent again', async () => {
    const cpe = await withCalls([{ method: 'AddObject', objectName: 'Device.X.' }])
    expect((await cpe.empty()).rpc).toBe('AddObject')
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    expect(stand.others.reports).toMatchObject([{ taskId: taskId(1), result: { kind: 'unanswered' } }])
    await cpe.inform()
    expect((await cpe.empty()).status).toBe(204)
    expect(stand.others.reports).toHaveLength(1)
  })

  test('that the device passes over is waited for once, asked again only where that changes nothing, then unanswered', async () => {
    const cpe = await withCalls([
      { method: 'Reboot' },
      { method: 'GetParameterNames', path: 'Device.', nextLevel: true },
    ])
    expect((await cpe.empty()).rpc).toBe('Reboot')
    expect((await cpe.empty()).status).toBe(204)
    expect((await cpe.empty()).rpc).toBe('GetParameterNames')
    expect(result()).toMatchObject({ taskId: taskId(1), result: { kind: 'unanswered' } })
    expect((await cpe.empty()).rpc).toBe('GetParameterNames')
    expect((await cpe.empty()).status).toBe(204)
    expect(result()).toMatchObject({ taskId: taskId(2), result: { kind: 'unanswered' } })
  })

  test('that is gone leaves nothing behind', async () => {
    const cpe = await withCalls([])
    await stand.hotStore.place([callHint(cpe.deviceKey, 1)])
    expect((await cpe.empty()).status).toBe(204)
    expect((await tasksOf(cpe)).tasks).toEqual([])
    expect(stand.others.reports).toEqual([])
  })

  test('two gateways that claim it at once send it at most once, and say so if neither did', async () => {
    const cpe = await withCalls([{ method: 'Reboot' }])
    const answers = await Promise.all([cpe.empty(), cpe.empty()])
    const sent = answers.filter(({ rpc }) => rpc === 'Reboot').length
    expect(
      sent + stand.others.reports.filter((each) => 'result' in each && each.result.kind === 'not_sent').length,
    ).toBe(1)
  })

  test.each<[string, DeviceCall, { cwmp?: '1-0' | '1-1' }]>([
    ['1.0 knows no GetAllQueuedTransfers', { method: 'GetAllQueuedTransfers' }, { cwmp: '1-0' }],
    ['1.1 knows no CancelTransfer', { method: 'CancelTransfer', commandKey: 'k' }, { cwmp: '1-1' }],
    ['a device knows no aliases', { method: 'AddObject', objectName: 'Device.X.[a].' }, {}],
    ['an Upload needs a URL', { method: 'Upload', fileType: '1 Vendor Configuration File' }, {}],
  ])('is never sent where %s', async (_, call, more) => {
    const cpe = await withCalls([call], more)
    expect((await cpe.empty()).status).toBe(204)
    expect(result()).toMatchObject({ taskId: taskId(1), result: { kind: 'not_sent' } })
    expect(await tasksOf(cpe)).toMatchObject({ tasks: [], call: null })
  })

  test('is never sent with a URL that is longer than its model takes', async () => {
    await putRules(stand, { profiles: [{ ...deviceProfile, urlMaxLength: 100 }] })
    const url = `http://192.0.2.1/${'a'.repeat(100)}`
    const cpe = await withCalls([{ method: 'Download', fileType: '2 Web Content', url }])
    expect((await cpe.empty()).status).toBe(204)
    expect(result()).toMatchObject({ result: { kind: 'not_sent', reason: expect.stringContaining('100') as unknown } })
    await putRules(stand, { profiles: [deviceProfile] })
  })

  test('leaves no firmware on a device that was told to restart', async () => {
    const cpe = await withCalls([{ method: 'Reboot' }])
    await stand.hotStore.place([hint(cpe.deviceKey)])
    expect((await cpe.empty()).rpc).toBe('Reboot')
    expect((await cpe.say('RebootResponse')).status).toBe(204)
    expect(stand.claims).toEqual([])
  })
})

describe('the completion of an operator’s transfer', () => {
  const complete = (key: string, code = 0) =>
    `<CommandKey>${key}</CommandKey><FaultStruct><FaultCode>${code}</FaultCode><FaultString/></FaultStruct>` +
    '<StartTime>2026-11-20T12:00:00Z</StartTime><CompleteTime>2026-11-20T12:00:09Z</CompleteTime>'

  test.each([
    [0, null],
    [9010, { code: 9010, text: '' }],
  ])('with fault code %i goes to device-tasks, and not to the campaigns', async (code, reported) => {
    const cpe = newCpe()
    await cpe.inform({ events: ['7 TRANSFER COMPLETE'] })
    expect((await cpe.say('TransferComplete', complete(taskId(3), code))).rpc).toBe('TransferCompleteResponse')
    expect(result()).toMatchObject({
      kind: 'completed',
      taskId: taskId(3),
      late: {
        kind: 'transfer_complete',
        fault: reported,
        startTime: '2026-11-20T12:00:00.000Z',
        completeTime: '2026-11-20T12:00:09.000Z',
      },
    })
    expect(stand.facts('transfer_completed')).toEqual([])
  })

  test('quirk 31: without a key is that of the call whose event has one, where there is one alone', async () => {
    const cpe = newCpe()
    await cpe.post(
      envelopeOf(
        informOf([
          ['7 TRANSFER COMPLETE', ''],
          ['M Upload', taskId(3)],
        ]),
      ),
    )
    expect((await cpe.say('TransferComplete', complete(''))).rpc).toBe('TransferCompleteResponse')
    expect(result()).toMatchObject({ kind: 'completed', taskId: taskId(3) })
    expect(stand.facts('transfer_completed')).toEqual([])
    await cpe.post(
      envelopeOf(
        informOf([
          ['M Upload', taskId(3)],
          ['M Download', attemptId(1)],
        ]),
      ),
    )
    await cpe.say('TransferComplete', complete(''))
    await waitUntil(() => stand.facts('transfer_completed').length === 1)
    expect(stand.facts('transfer_completed')).toMatchObject([{ commandKey: '' }])
  })

  test('is not answered before device-tasks has it', async () => {
    const cpe = newCpe()
    await cpe.inform()
    stand.others.takesReports = false
    expect((await cpe.say('TransferComplete', complete(taskId(3)))).status).toBe(503)
    stand.others.takesReports = true
    expect((await cpe.say('TransferComplete', complete(taskId(3)))).rpc).toBe('TransferCompleteResponse')
  })

  test.each(['', 'of another', attemptId(1), 'tsk_tooshort'])('with the key %j is a fact as ever', async (key) => {
    const cpe = newCpe()
    await cpe.inform()
    await cpe.say('TransferComplete', complete(key))
    await waitUntil(() => stand.facts('transfer_completed').length === 1)
    expect(stand.facts('transfer_completed')).toMatchObject([{ commandKey: key }])
    expect(stand.others.reports).toEqual([])
  })

  test('DUStateChangeComplete of a call is reported with what each unit came to', async () => {
    const cpe = newCpe()
    await cpe.inform({ events: ['11 DU STATE CHANGE COMPLETE'] })
    const unit = '<UUID>u</UUID><DeploymentUnitRef/><Version>1</Version><CurrentState>Installed</CurrentState>'
    const inner = `<Results>${unit}<Resolved>1</Resolved></Results><CommandKey>${taskId(4)}</CommandKey>`
    expect((await cpe.say('DUStateChangeComplete', inner)).rpc).toBe('DUStateChangeCompleteResponse')
    expect(result()).toMatchObject({
      kind: 'completed',
      taskId: taskId(4),
      late: { kind: 'du_state_change_complete', results: [{ currentState: 'Installed' }] },
    })
  })
})

describe('GetParameterValues of many names', () => {
  const names = Array.from({ length: 70 }, (_, n) => `Device.X.${n}`)
  /** Answers everything; a batch that holds one of these names is a fault. */
  const answerAll = async (cpe: TestCpe, missing: readonly string[] = [], valueOf = () => 'v') => {
    const batches: number[] = []
    let asked = await cpe.empty()
    while (asked.rpc === 'GetParameterValues') {
      const wanted = [...asked.body.matchAll(/<string[^>]*>([^<]*)</g)].map(([, name = '']) => name)
      batches.push(wanted.length)
      const list = `<ParameterList>${values(wanted.map((name) => [name, valueOf()]))}</ParameterList>`
      asked = wanted.some((name) => missing.includes(name))
        ? await cpe.post(envelopeOf(fault(9005)))
        : await cpe.say('GetParameterValuesResponse', list)
    }
    return batches
  }

  test('quirk 27: is asked in batches, and the answers are one', async () => {
    const cpe = await withCalls([{ method: 'GetParameterValues', names }])
    expect(await answerAll(cpe)).toEqual([32, 32, 6])
    const reported = result()
    expect(reported).toMatchObject({ kind: 'answered', result: { kind: 'response' } })
    const { parameters } = (reported as { result: { response: { parameters: { name: string }[] } } }).result.response
    expect(parameters.map(({ name }) => name)).toEqual(names)
  })

  test('quirk 27: one unknown name costs the others nothing, and is told', async () => {
    const cpe = await withCalls([{ method: 'GetParameterValues', names }])
    await answerAll(cpe, ['Device.X.40'])
    const { response } = (result() as { result: { response: { parameters: unknown[]; faults: unknown[] } } }).result
    expect(response.parameters).toHaveLength(69)
    expect(response.faults).toEqual([{ name: 'Device.X.40', code: 9005, text: 'no' }])
  })

  test('the only name, where it is unknown, is a fault', async () => {
    const cpe = await withCalls([{ method: 'GetParameterValues', names: ['Device.X.1'] }])
    await answerAll(cpe, ['Device.X.1'])
    expect(result()).toMatchObject({ result: { kind: 'fault', fault: { code: 9005 } } })
  })

  test('an answer that no event could carry is a fault that says so', async () => {
    const cpe = await withCalls([{ method: 'GetParameterValues', names: names.slice(0, 64) }])
    await putRules(stand, { profiles: [{ ...deviceProfile, namesPerRead: 4 }] })
    await answerAll(cpe, [], () => 'x'.repeat(24_000))
    await putRules(stand, { profiles: [deviceProfile] })
    expect(result()).toMatchObject({
      result: { kind: 'fault', fault: { code: 8004, text: expect.stringContaining('700000') as unknown } },
    })
  })
})

test('an answer that is longer than what is read of one is told as such', async () => {
  const cpe = await withCalls([{ method: 'GetParameterNames', path: 'Device.', nextLevel: false }])
  await cpe.empty()
  expect((await cpe.say('GetParameterNamesResponse', 'x'.repeat(4_200_000))).status).toBe(413)
  await waitUntil(() => stand.others.reports.length === 1)
  expect(result()).toMatchObject({ taskId: taskId(1), result: { kind: 'fault', fault: { code: 8004 } } })
  expect((await tasksOf(cpe)).tasks).toEqual([])
})

test('a device that dies of a question of ours is not asked it first for ever', async () => {
  const cpe = newCpe()
  stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'Reboot' } })
  const check = { kind: 'check', taskId: attemptId(4), revision: 1 } as const
  await stand.hotStore.place([{ op: 'put_task', deviceKey: cpe.deviceKey, task: check }, callHint(cpe.deviceKey)])
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('Reboot')
  // Once more, behind everything else: the first time may have been our own doing.
  expect((await cpe.say('RebootResponse')).rpc).toBe('GetAllQueuedTransfers')
  await cpe.inform()
  expect((await cpe.empty()).status).toBe(204)
  await waitUntil(() => stand.facts('queued_transfers_unsupported').length === 1)
  expect((await tasksOf(cpe)).tasks).toEqual([])
})

test('fault 55: a device whose session we lost over what it holds is asked again before it is offered anything', async () => {
  const cpe = newCpe()
  const check = { kind: 'check', taskId: attemptId(4), revision: 1 } as const
  const put = { op: 'put_task', deviceKey: cpe.deviceKey, task: check } as const
  await stand.hotStore.place([put, hint(cpe.deviceKey, 4)])
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('GetAllQueuedTransfers')
  await cpe.say('GetAllQueuedTransfersResponse', '<TransferList/>')
  await waitUntil(() => stand.facts('queued_transfers_listed').length === 1)
  expect(stand.facts('queued_transfers_unsupported')).toEqual([])
})

test('a device that dies of being verified is carried on with, and asked once more behind everything else', async () => {
  const cpe = newCpe()
  stand.others.onCall = committingCalls({ [taskId(1)]: { method: 'GetRPCMethods' } })
  await stand.hotStore.place([
    { op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(5) },
    callHint(cpe.deviceKey),
  ])
  await cpe.inform({ version: TARGET })
  expect((await cpe.empty()).rpc).toBe('GetParameterValues')
  await cpe.inform({ version: TARGET })
  expect((await cpe.empty()).rpc).toBe('GetRPCMethods')
  const verify = await cpe.say('GetRPCMethodsResponse', '<MethodList/>')
  expect(verify.rpc).toBe('GetParameterValues')
  await cpe.say(
    'GetParameterValuesResponse',
    answerValues(verify, () => 'x'),
  )
  expect((await tasksOf(cpe)).asked).toBeNull()
})

test('a call that was claimed and cannot be sent after all is reported as not sent', async () => {
  const memory = createMemoryHotStore({ clock: systemClock })
  const save = async (saves: readonly unknown[]) => saves.map(() => 'stale' as const)
  const overtaken = await openStand({
    transport: await natsTransport(inject('natsUrl')),
    hotStore: { ...memory, save },
  })
  const cpe = createCpe({ serial: 'taken-back', port: () => overtaken.gateways[0]!.port })
  overtaken.others.onCall = () => goCall({ method: 'Reboot' })
  await overtaken.hotStore.place([callHint(cpe.deviceKey)])
  await cpe.inform()
  expect((await cpe.empty()).status).toBe(400)
  expect(overtaken.others.reports).toMatchObject([{ taskId: taskId(1), result: { kind: 'not_sent' } }])
  cpe.close()
  await overtaken.close()
})

test('a call that was not heard of is claimed again in the next session, and upgrades go on without it', async () => {
  const cpe = newCpe()
  stand.others.onCall = () => ({ ok: false, error: { code: 'unavailable', detail: 'away' } })
  await stand.hotStore.place([
    callHint(cpe.deviceKey),
    { op: 'put_watch', deviceKey: cpe.deviceKey, watch: watchOf(9) },
  ])
  await stand.hotStore.place([hint(cpe.deviceKey, 7)])
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('GetParameterValues')
  expect((await tasksOf(cpe)).tasks.map((task) => task.taskId)).toEqual([taskId(1), upgradeId(7)])
  stand.others.onCall = () => goCall({ method: 'FactoryReset' })
  await cpe.inform()
  expect((await cpe.empty()).rpc).toBe('FactoryReset')
})

function informOf(events: readonly (readonly [string, string])[]): string {
  const list = events.map(
    ([code, key]) => `<EventStruct><EventCode>${code}</EventCode><CommandKey>${key}</CommandKey></EventStruct>`,
  )
  return informBody(`E${devices++}`, '1.0', []).replace(/<Event .*<\/Event>/, `<Event>${list.join('')}</Event>`)
}

function envelopeOf(body: string): string {
  return (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" ' +
    `xmlns:cwmp="urn:dslforum-org:cwmp-1-2"><s:Header><cwmp:ID>1</cwmp:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`
  )
}
