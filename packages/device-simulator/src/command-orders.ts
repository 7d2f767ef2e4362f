import { readDuration, UsageError } from './command-line.ts'
import type { Device } from './device.ts'
import type { Fleet } from './fleet.ts'
import type { ReportMethod } from './cpe.ts'
import type { ReportOrder } from './write-reports.ts'

export const ORDERS_HELP = `Orders, one a line, for a serial number or "all":
  <serial> inform [event]            a session for this event: 2 PERIODIC, 8 DIAGNOSTICS COMPLETE, 14 HEARTBEAT, X 02A1B2 Smoke
  <serial> send <call or json>       RequestDownload, Kicked, GetRPCMethods, AutonomousTransferComplete, or a JSON object with "call"
  <serial> set <parameter> <value>   a value changes by another hand than the ACS's
  <serial> notify                    a UDP Lightweight Notification of what waits for one
  <serial> standby <time>            sleeps (TR-069 Annex L)
  <serial> rebind                    the NAT in front of it gives it another UDP port
  <serial> power-cycle | factory-reset
`

const CALLS: readonly ReportMethod[] = [
  'TransferComplete',
  'AutonomousTransferComplete',
  'RequestDownload',
  'DUStateChangeComplete',
  'AutonomousDUStateChangeComplete',
  'Kicked',
  'GetRPCMethods',
]

/** Carries one line out. Throws UsageError. */
export function obey(fleet: Fleet, line: string): void {
  const [, serial = '', verb = '', rest = ''] = /^\s*(\S+)\s+(\S+)\s*(.*?)\s*$/.exec(line) ?? []
  if (verb === '') throw new UsageError(`"${line}" is no order`)
  const devices = fleet.devices.filter(({ settings }) => serial === 'all' || settings.identity.serialNumber === serial)
  if (devices.length === 0) throw new UsageError(`there is no device "${serial}"`)
  for (const device of devices) command(device, verb, rest)
}

function command(device: Device, verb: string, rest: string): void {
  switch (verb) {
    case 'inform':
      return device.inform(rest === '' ? undefined : rest)
    case 'send':
      return device.send(readReport(rest))
    case 'set': {
      const [, name = '', value = ''] = /^(\S+)\s*(.*)$/.exec(rest) ?? []
      if (!device.change(name, value)) throw new UsageError(`there is no parameter "${name}"`)
      return
    }
    case 'notify':
      return void device.notifyLightly()
    case 'standby':
      return device.standBy(readDuration('standby', rest))
    case 'rebind':
      return void device.rebind()
    case 'power-cycle':
      return device.powerCycle()
    case 'factory-reset':
      return device.factoryReset()
    default:
      throw new UsageError(`"${verb}" is no order`)
  }
}

function readReport(text: string): ReportOrder {
  const order = text.startsWith('{') ? readJson(text) : { call: text }
  if (!isReportOrder(order)) throw new UsageError(`send: "${text}" is none of ${CALLS.join(', ')}, or lacks its parts`)
  return order
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`send: "${text}" is no JSON`)
  }
}

function isReportOrder(value: unknown): value is ReportOrder {
  if (typeof value !== 'object' || value === null || !('call' in value)) return false
  if (!CALLS.some((call) => call === value.call)) return false
  if (value.call === 'TransferComplete') return 'commandKey' in value
  const needsResults = String(value.call).includes('DUState')
  return !needsResults || ('results' in value && Array.isArray(value.results))
}
