import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Field, openField } from './field.ts'
import { transferComplete } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

test('rpc 1: Inform is answered with MaxEnvelopes 1, and the inventory learns what it says', async () => {
  const cpe = field.cpe()
  const heard = await cpe.contact({
    events: [
      ['0 BOOTSTRAP', ''],
      ['M Reboot', 'k'],
    ],
    version: '1.2.3',
    more: [
      ['ManagementServer.UDPConnectionRequestAddress', '192.0.2.1:4000'],
      ['ManagementServer.NATDetected', 'true'],
      ['ManagementServer.ConnReqJabberID', 'cpe@example/r'],
      ['GatewayInfo.ManufacturerOUI', '001122'],
      ['GatewayInfo.SerialNumber', 'G1'],
    ],
  })
  expect([heard.status, heard.rpc, heard.id]).toEqual([200, 'InformResponse', '7'])
  expect(heard.body).toContain('<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>')
  expect(await cpe.informs()).toMatchObject([
    {
      manufacturer: 'Acme',
      oui: '00D09E',
      productClass: 'HomeBox',
      serialNumber: cpe.serial,
      hardwareVersion: 'H1',
      softwareVersion: '1.2.3',
      dataModelRoot: 'Device.',
      connectionRequestUrl: 'http://192.0.2.1:7547/cr',
      udpConnectionRequestAddress: '192.0.2.1:4000',
      natDetected: true,
      jabberId: 'cpe@example/r',
      gateway: { oui: '001122', serialNumber: 'G1', productClass: '' },
      cwmpVersion: '1.2',
      events: [{ code: '0 BOOTSTRAP' }, { code: 'M Reboot', commandKey: 'k' }],
    },
  ])
})

test('rpc 2: GetRPCMethods is answered with every call that is answered, and no other', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const { rpc, body, id } = await cpe.say('GetRPCMethods', '', 'abc')
  expect([rpc, id]).toEqual(['GetRPCMethodsResponse', 'abc'])
  const methods = [...body.matchAll(/<string>(\w+)<\/string>/g)].map(([, name]) => name ?? '')
  expect(body).toContain(`arrayType="xsd:string[${methods.length}]"`)
  for (const method of methods.filter((name) => name !== 'Inform')) {
    const heard = await cpe.say(method, '<FileType>2 X</FileType>')
    expect([method, heard.rpc]).toEqual([method, `${method}Response`])
  }
  expect((await cpe.say('X_00D09E_Mine')).body).toContain('<FaultCode>8000</FaultCode>')
  expect((await cpe.empty()).status).toBe(204)
})

test('rpc 3: TransferComplete of an attempt is a fact, that of an operator’s call is its report, any other is told', async () => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked({ method: 'Upload', fileType: '2 Vendor Log File', url: 'http://192.0.2.1/log' })
  await cpe.contact()
  await cpe.empty()
  await cpe.say('UploadResponse', '<Status>1</Status>')
  for (const [key, code] of [
    ['fw00000000000000000000000001', 9010],
    [taskId, 9011],
    ['nobody’s', 0],
  ] as const) {
    const heard = await cpe.say('TransferComplete', transferComplete(key, code))
    expect(heard.body).toContain('<cwmp:TransferCompleteResponse></cwmp:TransferCompleteResponse>')
  }
  expect(await cpe.facts(2)).toMatchObject([
    { commandKey: 'fw00000000000000000000000001', faultCode: 9010 },
    { commandKey: 'nobody’s', faultCode: 0 },
  ])
  expect((await cpe.reports(2))[1]).toMatchObject({ kind: 'completed', taskId, late: { fault: { code: 9011 } } })
})

test('rpc 4: AutonomousTransferComplete is answered, is no attempt’s, and is in the message log', async () => {
  const cpe = field.cpe()
  await cpe.contact({ events: ['10 AUTONOMOUS TRANSFER COMPLETE'] })
  const inner =
    '<AnnounceURL/><TransferURL>http://x/f</TransferURL><IsDownload>1</IsDownload><FileType>1 Firmware Upgrade Image' +
    '</FileType><FileSize>7</FileSize><TargetFileName/><FaultStruct><FaultCode>9018</FaultCode><FaultString/>' +
    '</FaultStruct><StartTime/><CompleteTime/>'
  const heard = await cpe.say('AutonomousTransferComplete', inner, 'a4')
  expect([heard.rpc, heard.id]).toEqual(['AutonomousTransferCompleteResponse', 'a4'])
  const lines = await cpe.messages('AutonomousTransferComplete')
  expect(lines.find(({ method }) => method === 'AutonomousTransferComplete')).toMatchObject({
    from: 'cpe',
    faultCode: 9018,
  })
  expect(cpe.heard('transfer_completed')).toEqual([])
})

test('rpc 5: RequestDownload of firmware brings the upgrade that waits for its time, within the session', async () => {
  const cpe = field.cpe()
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const { place } = field.stand.hotStore
  const task = { kind: 'upgrade', weight: 1, notBefore: later, revision: 1 } as const
  const ids = { taskId: `upg_${'0'.repeat(25)}5`, campaignId: `cmp_${'0'.repeat(26)}` }
  await place([{ op: 'put_task', deviceKey: cpe.deviceKey, task: { ...task, ...ids } }])
  await cpe.contact()
  expect((await cpe.empty()).status).toBe(204)
  await cpe.contact({ events: ['9 REQUEST DOWNLOAD'] })
  const heard = await cpe.say('RequestDownload', '<FileType>1 Firmware Upgrade Image</FileType><FileTypeArg/>')
  expect(heard.rpc).toBe('RequestDownloadResponse')
  expect((await cpe.empty()).rpc).toBe('GetParameterValues')
})

test('rpc 5: of any other file it is answered, and nothing follows; of none it is fault 8003', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  expect((await cpe.say('RequestDownload', '<FileType>2 Web Content</FileType>')).rpc).toBe('RequestDownloadResponse')
  expect((await cpe.say('RequestDownload')).body).toContain('<FaultCode>8003</FaultCode>')
  expect((await cpe.empty()).status).toBe(204)
})

test('rpc 6: DUStateChangeComplete of an operator’s call is its report', async () => {
  const cpe = field.cpe()
  const uuid = '12345678-1234-1234-1234-123456789012'
  const operations = [{ operation: 'uninstall' as const, uuid }]
  const taskId = await cpe.isAsked({ method: 'ChangeDUState', operations })
  await cpe.contact()
  expect((await cpe.empty()).rpc).toBe('ChangeDUState')
  expect((await cpe.say('ChangeDUStateResponse')).status).toBe(204)
  await cpe.contact({ events: ['11 DU STATE CHANGE COMPLETE', ['M ChangeDUState', taskId]] })
  const result =
    `<Results><UUID>${uuid}</UUID><DeploymentUnitRef/><Version>1</Version><CurrentState>UnInstalled</CurrentState>` +
    '<Resolved>1</Resolved><ExecutionUnitRefList/><StartTime/><CompleteTime/>' +
    '<Fault><FaultCode>0</FaultCode><FaultString/></Fault></Results>'
  const inner = `${result}<CommandKey>${taskId}</CommandKey>`
  expect((await cpe.say('DUStateChangeComplete', inner)).rpc).toBe('DUStateChangeCompleteResponse')
  expect((await cpe.reports(2))[1]).toMatchObject({
    kind: 'completed',
    taskId,
    late: { kind: 'du_state_change_complete', results: [{ uuid, currentState: 'UnInstalled', resolved: true }] },
  })
})

test('rpc 6: AutonomousDUStateChangeComplete is answered and in the message log', async () => {
  const cpe = field.cpe()
  await cpe.contact()
  const heard = await cpe.say('AutonomousDUStateChangeComplete', '<Results/>')
  expect(heard.rpc).toBe('AutonomousDUStateChangeCompleteResponse')
  expect(await cpe.messages('AutonomousDUStateChangeComplete')).not.toEqual([])
})

test.each([
  ['/portal?a=1', '/portal?a=1'],
  ['http://elsewhere.example/', ''],
  ['//elsewhere.example/', ''],
  ['/\\elsewhere.example', ''],
  ['javascript:alert(1)', ''],
])('rpc 6: Kicked with Next %s leads to "%s": never to another host', async (next, url) => {
  const cpe = field.cpe()
  await cpe.contact({ events: ['5 KICKED'] })
  const heard = await cpe.say('Kicked', `<Command>c</Command><Referer>r</Referer><Arg>a</Arg><Next>${next}</Next>`)
  expect(heard.rpc).toBe('KickedResponse')
  expect(heard.body).toContain(`<NextURL>${url}</NextURL>`)
})
