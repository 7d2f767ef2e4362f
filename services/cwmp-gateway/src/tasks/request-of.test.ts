import { CALL_METHODS, type DeviceCall } from '@sluice/contracts'
import { encodeEnvelope, rpcNameOf } from '@sluice/cwmp'
import { expect, test } from 'vitest'
import { requestOf } from './request-of.ts'

const window = { startSeconds: 10, endSeconds: 20, mode: '2 Immediately', maxRetries: -1 } as const
/** Each call, and what has to stand in it on the wire. */
const calls: readonly (readonly [DeviceCall, readonly string[]])[] = [
  [{ method: 'GetRPCMethods' }, []],
  [{ method: 'GetParameterValues', names: ['Device.A', 'Device.B.'] }, ['>Device.A<', '>Device.B.<', 'xsd:string[2]']],
  [
    { method: 'SetParameterValues', parameters: [{ name: 'Device.A', value: '1', type: 'unsignedInt' }] },
    ['<Name>Device.A</Name>', 'xsi:type="xsd:unsignedInt">1<', '<ParameterKey></ParameterKey>'],
  ],
  [
    { method: 'GetParameterNames', path: 'Device.', nextLevel: true },
    ['<ParameterPath>Device.</ParameterPath>', '<NextLevel>1</NextLevel>'],
  ],
  [{ method: 'GetParameterAttributes', names: ['Device.A'] }, ['>Device.A<']],
  [
    { method: 'SetParameterAttributes', parameters: [{ name: 'Device.A', notification: 2 }] },
    ['<NotificationChange>1<', '<Notification>2<', '<AccessListChange>0<'],
  ],
  [{ method: 'AddObject', objectName: 'Device.X.', parameterKey: 'pk' }, ['>Device.X.<', '<ParameterKey>pk<']],
  [{ method: 'DeleteObject', objectName: 'Device.X.1.' }, ['>Device.X.1.<']],
  [{ method: 'Reboot' }, ['<CommandKey>key<']],
  [{ method: 'FactoryReset' }, []],
  [
    { method: 'Download', fileType: '3 Vendor Configuration File', url: 'http://192.0.2.1/c', username: 'u' },
    ['<CommandKey>key<', '<Username>u<', '<DelaySeconds>0<', '<SuccessURL></SuccessURL>'],
  ],
  [
    { method: 'ScheduleDownload', fileType: '2 Web Content', url: 'http://192.0.2.1/c', windows: [window] },
    ['<CommandKey>key<', '<WindowStart>10<', '<WindowEnd>20<', '<MaxRetries>-1<'],
  ],
  [{ method: 'CancelTransfer', commandKey: 'theirs' }, ['<CommandKey>theirs<']],
  [
    { method: 'Upload', fileType: '1 Vendor Configuration File', url: 'http://192.0.2.1/u' },
    ['<CommandKey>key<', '<URL>http://192.0.2.1/u<', '<DelaySeconds>0<'],
  ],
  [{ method: 'ScheduleInform', delaySeconds: 60 }, ['<DelaySeconds>60<', '<CommandKey>key<']],
  [{ method: 'GetQueuedTransfers' }, []],
  [{ method: 'GetAllQueuedTransfers' }, []],
  [
    {
      method: 'ChangeDUState',
      operations: [
        { operation: 'install', url: 'http://192.0.2.1/p' },
        { operation: 'uninstall', uuid: '6f9619ff-8b86-d011-b42d-00cf4fc964ff' },
      ],
    },
    ['<CommandKey>key<', 'http://192.0.2.1/p', '6f9619ff-8b86-d011-b42d-00cf4fc964ff', 'InstallOpStruct'],
  ],
  [{ method: 'GetOptions', optionName: 'o' }, ['<OptionName>o<']],
  [{ method: 'SetVouchers', vouchers: ['dm91Y2hlcg=='] }, ['dm91Y2hlcg==']],
]

test.each(calls.map(([call, parts]) => [call.method, call, parts] as const))(
  '%s goes out as it was asked',
  (_, call, parts) => {
    const request = requestOf(call, 'key', 'all')
    expect(rpcNameOf(request)).toBe(call.method)
    const text = encodeEnvelope({ id: '1', cwmpVersion: '1.2', message: request })
    expect(text).toContain(`<cwmp:${call.method}`)
    for (const part of parts) expect(text).toContain(part)
  },
)

test('every call an operator may make has its request', () => {
  expect(new Set(calls.map(([{ method }]) => method))).toEqual(new Set(CALL_METHODS))
})

test('a model that takes few arguments of Download is sent those', () => {
  const request = requestOf({ method: 'Download', fileType: '2 Web Content', url: 'http://x/' }, 'k', 'minimal')
  const text = encodeEnvelope({ id: '1', cwmpVersion: '1.2', message: request })
  expect(text).not.toContain('SuccessURL')
})
