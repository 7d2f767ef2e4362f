import type { DeviceCall } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fault } from '../testing/cpe.ts'
import { type Field, openField } from './field.ts'
import { enveloped, writtenValues } from './written.ts'

let field: Field
beforeAll(async () => {
  field = await openField()
})
afterAll(() => field.close())

interface CallCase {
  readonly call: DeviceCall
  /** What stands in the request, each as it is written. */
  readonly writes: readonly string[]
  /** The device's response, and what the operator hears of it. */
  readonly answer: string
  readonly response?: object
}

const key = 'key-of-operator'
const file = { fileType: '3 Vendor Configuration File', url: 'http://192.0.2.1/f', commandKey: key }
const uuid = '12345678-1234-1234-1234-123456789012'

const parameters: readonly CallCase[] = [
  {
    call: { method: 'GetParameterValues', names: ['Device.A', 'Device.B.'] },
    writes: ['xsd:string[2]', '<string>Device.A</string><string>Device.B.</string>'],
    answer: writtenValues([['Device.A', 'a']]),
    response: { parameters: [{ name: 'Device.A', value: 'a', type: 'string' }] },
  },
  {
    call: {
      method: 'SetParameterValues',
      parameters: [{ name: 'Device.A', value: '<&>', type: 'unsignedInt' }],
      parameterKey: 'k',
    },
    writes: [
      'cwmp:ParameterValueStruct[1]',
      '<Value xsi:type="xsd:unsignedInt">&lt;&amp;&gt;</Value>',
      '<ParameterKey>k</ParameterKey>',
    ],
    answer: '<Status>1</Status>',
    response: { status: 1 },
  },
  {
    call: { method: 'GetParameterNames', path: 'Device.A.', nextLevel: false },
    writes: ['<ParameterPath>Device.A.</ParameterPath><NextLevel>0</NextLevel>'],
    answer:
      '<ParameterList><ParameterInfoStruct><Name>Device.A.B</Name><Writable>1</Writable></ParameterInfoStruct></ParameterList>',
    response: { parameters: [{ name: 'Device.A.B', writable: true }] },
  },
]

const attributes: readonly CallCase[] = [
  {
    call: { method: 'GetParameterAttributes', names: ['Device.A'] },
    writes: ['<string>Device.A</string>'],
    answer:
      '<ParameterList><ParameterAttributeStruct><Name>Device.A</Name><Notification>2</Notification>' +
      '<AccessList><string>Subscriber</string></AccessList></ParameterAttributeStruct></ParameterList>',
    response: { parameters: [{ name: 'Device.A', notification: 2, accessList: ['Subscriber'] }] },
  },
  {
    call: { method: 'SetParameterAttributes', parameters: [{ name: 'Device.A', notification: 1 }] },
    writes: ['<NotificationChange>1</NotificationChange><Notification>1</Notification>', '<AccessListChange>0<'],
    answer: '',
    response: {},
  },
]

const objects: readonly CallCase[] = [
  {
    call: { method: 'AddObject', objectName: 'Device.A.', parameterKey: 'k' },
    writes: ['<ObjectName>Device.A.</ObjectName><ParameterKey>k</ParameterKey>'],
    answer: '<InstanceNumber>3</InstanceNumber><Status>0</Status>',
    response: { instanceNumber: 3, status: 0 },
  },
  {
    call: { method: 'DeleteObject', objectName: 'Device.A.3.' },
    writes: ['<ObjectName>Device.A.3.</ObjectName><ParameterKey></ParameterKey>'],
    answer: '<Status>0</Status>',
    response: { status: 0 },
  },
]

const restarts: readonly CallCase[] = [
  { call: { method: 'Reboot', commandKey: key }, writes: [`<CommandKey>${key}</CommandKey>`], answer: '' },
  { call: { method: 'FactoryReset' }, writes: ['<cwmp:FactoryReset></cwmp:FactoryReset>'], answer: '' },
]

const downloads: readonly CallCase[] = [
  {
    call: {
      method: 'Download',
      ...file,
      username: 'u',
      password: 'p&p',
      fileSize: 77,
      targetFileName: 't',
      delaySeconds: 9,
      successUrl: 'http://192.0.2.1/ok',
      failureUrl: 'http://192.0.2.1/no',
    },
    writes: [
      `<CommandKey>${key}</CommandKey><FileType>3 Vendor Configuration File</FileType><URL>http://192.0.2.1/f</URL>`,
      '<Username>u</Username><Password>p&amp;p</Password><FileSize>77</FileSize><TargetFileName>t</TargetFileName>',
      '<DelaySeconds>9</DelaySeconds><SuccessURL>http://192.0.2.1/ok</SuccessURL><FailureURL>http://192.0.2.1/no</FailureURL>',
    ],
    answer: '<Status>0</Status><StartTime>2026-11-20T12:00:00Z</StartTime><CompleteTime/>',
    response: { status: 0, startTime: '2026-11-20T12:00:00.000Z', completeTime: null },
  },
]

const others: readonly CallCase[] = [
  {
    call: { method: 'ScheduleInform', delaySeconds: 30, commandKey: key },
    writes: [`<DelaySeconds>30</DelaySeconds><CommandKey>${key}</CommandKey>`],
    answer: '',
  },
  {
    call: { method: 'Upload', ...file, delaySeconds: 2 },
    writes: [`<CommandKey>${key}</CommandKey>`, '<URL>http://192.0.2.1/f</URL>', '<DelaySeconds>2</DelaySeconds>'],
    answer: '<Status>1</Status>',
    response: { status: 1 },
  },
  {
    call: {
      method: 'ScheduleDownload',
      ...file,
      windows: [{ startSeconds: 60, endSeconds: 120, mode: '3 When Idle', maxRetries: 2 }],
    },
    writes: [
      '<WindowStart>60</WindowStart><WindowEnd>120</WindowEnd><WindowMode>3 When Idle</WindowMode>',
      '<MaxRetries>2<',
    ],
    answer: '',
  },
  {
    call: { method: 'CancelTransfer', commandKey: key },
    writes: [`<CommandKey>${key}</CommandKey>`],
    answer: '',
  },
  {
    call: { method: 'GetQueuedTransfers' },
    writes: ['<cwmp:GetQueuedTransfers></cwmp:GetQueuedTransfers>'],
    answer:
      '<TransferList><QueuedTransferStruct><CommandKey>k</CommandKey><State>2</State></QueuedTransferStruct></TransferList>',
    response: { transfers: [{ commandKey: 'k', state: 2 }] },
  },
  {
    call: { method: 'GetAllQueuedTransfers' },
    writes: ['<cwmp:GetAllQueuedTransfers></cwmp:GetAllQueuedTransfers>'],
    answer:
      '<TransferList><AllQueuedTransferStruct><CommandKey>k</CommandKey><State>1</State><IsDownload>1</IsDownload>' +
      '<FileType>2 Web Content</FileType><FileSize>5</FileSize><TargetFileName/></AllQueuedTransferStruct></TransferList>',
    response: { transfers: [{ commandKey: 'k', state: 1 }] },
  },
  {
    call: {
      method: 'ChangeDUState',
      commandKey: key,
      operations: [
        { operation: 'install', url: 'http://192.0.2.1/unit' },
        { operation: 'uninstall', uuid },
      ],
    },
    writes: [
      'cwmp:InstallOpStruct',
      '<URL>http://192.0.2.1/unit</URL>',
      'cwmp:UninstallOpStruct',
      `<UUID>${uuid}</UUID>`,
    ],
    answer: '',
  },
  {
    call: { method: 'GetOptions', optionName: 'o' },
    writes: ['<OptionName>o</OptionName>'],
    answer:
      '<OptionList><OptionStruct><OptionName>o</OptionName><VoucherSN>4</VoucherSN><State>1</State><Mode>2</Mode>' +
      '<StartDate>2026-11-20T12:00:00Z</StartDate><ExpirationDate/><IsTransferable>1</IsTransferable></OptionStruct></OptionList>',
    response: { options: [{ name: 'o', voucherSerialNumber: 4, state: 1, mode: 2, isTransferable: true }] },
  },
  {
    call: { method: 'SetVouchers', vouchers: ['dm91Y2hlcg=='] },
    writes: ['dm91Y2hlcg=='],
    answer: '',
  },
]

async function isCarriedOut({ call, writes, answer, response }: CallCase): Promise<void> {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked(call)
  await cpe.contact()
  const asked = await cpe.empty()
  expect([asked.status, asked.rpc, asked.id === '']).toEqual([200, call.method, false])
  for (const text of writes) expect(asked.body).toContain(text)
  expect((await cpe.say(`${call.method}Response`, answer, asked.id)).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ kind: 'answered', taskId, result: { kind: 'response' } }])
  expect((await cpe.reports(1))[0]).toMatchObject({ result: { response: response ?? {} } })
  const record = await cpe.record()
  expect([record.tasks, record.call]).toEqual([[], { taskId, answered: true }])
}

const named = (cases: readonly CallCase[]) => cases.map((each): [string, CallCase] => [each.call.method, each])
const [ofParameters, ofAttributes, ofObjects] = [parameters, attributes, objects].map(named) as [
  [string, CallCase][],
  [string, CallCase][],
  [string, CallCase][],
]
const ofRestarts = named(restarts)
const ofDownloads = named(downloads)
const ofOthers = named(others)

test.each(ofParameters)('rpc 7: %s is written, answered and reported', (_, each) => isCarriedOut(each))
test.each(ofAttributes)('rpc 8: %s is written, answered and reported', (_, each) => isCarriedOut(each))
test.each(ofObjects)('rpc 9: %s is written, answered and reported', (_, each) => isCarriedOut(each))
test.each(ofRestarts)('rpc 10: %s is written, answered and reported', (_, each) => isCarriedOut(each))
test.each(ofDownloads)('rpc 11: %s is written with every argument, answered and reported', (_, each) =>
  isCarriedOut(each),
)
test.each(ofOthers)('rpc 12: %s is written, answered and reported', (_, each) => isCarriedOut(each))

const all = named([parameters, attributes, objects, restarts, downloads, others].flat())

test.each(all)('a fault in answer to %s is reported, and the next call is made', async (_, { call }) => {
  const cpe = field.cpe()
  const taskId = await cpe.isAsked(call)
  await cpe.isAsked({ method: 'GetRPCMethods' })
  await cpe.contact()
  await cpe.empty()
  expect((await cpe.post(enveloped(fault(9002, 'Internal error')))).rpc).toBe('GetRPCMethods')
  expect(await cpe.reports(1)).toMatchObject([
    { taskId, result: { kind: 'fault', fault: { code: 9002, text: 'Internal error' } } },
  ])
})

const newer = named(others).filter(([method]) =>
  ['CancelTransfer', 'GetAllQueuedTransfers', 'ChangeDUState'].includes(method),
)

test.each(newer)('rpc 12: %s is not sent to a device of CWMP 1.0, which has none', async (_, { call }) => {
  const cpe = field.cpe()
  await cpe.isAsked(call)
  await cpe.contact({ cwmp: '1-0' })
  expect((await cpe.empty()).status).toBe(204)
  expect(await cpe.reports(1)).toMatchObject([{ result: { kind: 'not_sent' } }])
})
