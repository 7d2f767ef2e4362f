import type { Report, ReportMethod } from './cpe.ts'
import { faultStruct, list, tag, UNKNOWN_TIME } from './write-soap.ts'

/** What became of one software module (TR-069 A.4.2.3, table 80). */
export interface UnitResult {
  readonly operation: 'Install' | 'Update' | 'Uninstall'
  readonly uuid: string
  readonly version: string
  /** Of its DeploymentUnit instance; "" where there is none. */
  readonly path: string
  readonly state: 'Installed' | 'Uninstalled' | 'Failed'
  readonly fault: number
}

/** A call of the ACS that a test orders; what is left out has a plausible value. */
export type ReportOrder =
  | {
      readonly call: 'AutonomousTransferComplete'
      readonly announceUrl?: string
      readonly transferUrl?: string
      readonly isDownload?: boolean
      readonly fileType?: string
      readonly fileSize?: number
      readonly targetFileName?: string
      readonly fault?: number
    }
  | {
      readonly call: 'RequestDownload'
      readonly fileType?: string
      readonly args?: Readonly<Record<string, string>>
    }
  | { readonly call: 'DUStateChangeComplete'; readonly commandKey?: string; readonly results: readonly UnitResult[] }
  | { readonly call: 'AutonomousDUStateChangeComplete'; readonly results: readonly UnitResult[] }
  | {
      readonly call: 'Kicked'
      readonly command?: string
      readonly referer?: string
      readonly arg?: string
      readonly next?: string
    }
  | { readonly call: 'GetRPCMethods' }
  | {
      readonly call: 'TransferComplete'
      readonly commandKey: string
      readonly fault?: number
      readonly method?: 'Download' | 'ScheduleDownload' | 'Upload'
    }

/** The call with the event that announces it (TR-069 A.3.3.3, A.4.2). */
export function reportOf(order: ReportOrder): Report {
  const report = (events: string[], content: string, commandKey = '', fault = 0): Report => ({
    method: order.call satisfies ReportMethod,
    content,
    commandKey,
    fault,
    events: events.map((code) => ({ code, commandKey: code.startsWith('M ') ? commandKey : '' })),
    repeatsLeft: 0,
  })
  const now = new Date().toISOString()
  const times = tag('StartTime', now) + tag('CompleteTime', now)
  switch (order.call) {
    case 'AutonomousTransferComplete': {
      const { fault = 0 } = order
      const content =
        tag('AnnounceURL', order.announceUrl ?? '') +
        tag('TransferURL', order.transferUrl ?? '') +
        tag('IsDownload', order.isDownload === false ? 0 : 1) +
        tag('FileType', order.fileType ?? '1 Firmware Upgrade Image') +
        tag('FileSize', order.fileSize ?? 0) +
        tag('TargetFileName', order.targetFileName ?? '') +
        faultStruct(fault, fault === 0 ? '' : 'The transfer failed') +
        times
      return report(['10 AUTONOMOUS TRANSFER COMPLETE'], content, '', fault)
    }
    case 'RequestDownload': {
      const args = Object.entries(order.args ?? {}).map(
        ([name, value]) => `<ArgStruct>${tag('Name', name)}${tag('Value', value)}</ArgStruct>`,
      )
      const content =
        tag('FileType', order.fileType ?? '1 Firmware Upgrade Image') + list('FileTypeArg', 'cwmp:ArgStruct', args)
      return report(['9 REQUEST DOWNLOAD'], content)
    }
    case 'DUStateChangeComplete': {
      const { commandKey = '', results } = order
      const content = results.map((result) => opResult(result)).join('') + tag('CommandKey', commandKey)
      return report(['11 DU STATE CHANGE COMPLETE', 'M ChangeDUState'], content, commandKey)
    }
    case 'AutonomousDUStateChangeComplete':
      return report(
        ['12 AUTONOMOUS DU STATE CHANGE COMPLETE'],
        order.results.map((result) => opResult(result, true)).join(''),
      )
    case 'Kicked':
      return report(
        ['5 KICKED'],
        tag('Command', order.command ?? '') +
          tag('Referer', order.referer ?? '') +
          tag('Arg', order.arg ?? '') +
          tag('Next', order.next ?? ''),
      )
    case 'GetRPCMethods':
      return report([], '')
    case 'TransferComplete': {
      const { commandKey, fault = 0, method = 'Download' } = order
      const content =
        tag('CommandKey', commandKey) + faultStruct(fault, fault === 0 ? '' : 'The transfer failed') + times
      return report(['7 TRANSFER COMPLETE', `M ${method}`], content, commandKey, fault)
    }
  }
}

/** An entry of Results, with what was performed where it was not asked for (TR-069 table 84). */
export function opResult(result: UnitResult, autonomous = false): string {
  const now = new Date().toISOString()
  const times = [result.fault === 0 ? now : UNKNOWN_TIME, now]
  return (
    `<Results>${tag('UUID', result.uuid)}${tag('DeploymentUnitRef', result.path)}${tag('Version', result.version)}` +
    `${tag('CurrentState', result.state)}${tag('Resolved', 1)}${tag('ExecutionUnitRefList', '')}` +
    `${tag('StartTime', times[0] ?? now)}${tag('CompleteTime', times[1] ?? now)}` +
    `<Fault>${tag('FaultCode', result.fault)}${tag('FaultString', result.fault === 0 ? '' : 'The operation failed')}</Fault>` +
    `${autonomous ? tag('OperationPerformed', result.operation) : ''}</Results>`
  )
}
