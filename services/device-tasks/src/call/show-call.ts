import type { DeviceCall, DeviceTask } from '@sluice/contracts'

type ShownCall = DeviceTask['call']

/** A call as it may be read back: without values that were set, passwords, vouchers, and the queries of URLs. */
export function showCall(call: DeviceCall): ShownCall {
  const { method, ...rest } = call
  return { method, ...shownArguments(call, rest) }
}

function shownArguments(call: DeviceCall, rest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  switch (call.method) {
    case 'SetParameterValues':
      return { ...rest, parameters: call.parameters.map(({ name, type }) => ({ name, type })) }
    case 'SetVouchers':
      return { vouchers: call.vouchers.length }
    case 'Download':
    case 'ScheduleDownload':
    case 'Upload':
      return withoutSecrets(rest)
    case 'ChangeDUState':
      return { ...rest, operations: call.operations.map((one) => withoutSecrets(one)) }
    case 'GetRPCMethods':
    case 'GetParameterValues':
    case 'GetParameterNames':
    case 'GetParameterAttributes':
    case 'SetParameterAttributes':
    case 'AddObject':
    case 'DeleteObject':
    case 'Reboot':
    case 'FactoryReset':
    case 'CancelTransfer':
    case 'ScheduleInform':
    case 'GetQueuedTransfers':
    case 'GetAllQueuedTransfers':
    case 'GetOptions':
      return rest
  }
}

const URLS: ReadonlySet<string> = new Set(['url', 'successUrl', 'failureUrl'])

/** Without passwords and the queries of URLs: signed ones carry their secret there. */
export function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      if (name === 'password') return []
      return [[name, URLS.has(name) ? String(value).replace(/\?.*$/s, '?…') : value]]
    }),
  )
}
