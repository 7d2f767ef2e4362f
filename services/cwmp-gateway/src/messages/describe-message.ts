import type { DeviceMessage } from '@sluice/contracts'
import { type AcsMessage, type CpeMessage, rpcNameOf } from '@sluice/cwmp'
import { boundedFault } from '../tasks/bounded-fault.ts'

type Described = Pick<DeviceMessage, 'method' | 'commandKey' | 'events' | 'faultCode'>

/** What a line of the message log says of one message, within its bounds. */
export function describeMessage(message: CpeMessage | AcsMessage): Described {
  return {
    method: rpcNameOf(message).slice(0, 64),
    commandKey: 'commandKey' in message && message.commandKey !== '' ? message.commandKey.slice(0, 32) : null,
    faultCode: faultCodeOf(message),
    ...(message.kind === 'inform' ? { events: message.events.slice(0, 64).map(({ code }) => code.slice(0, 64)) } : {}),
  }
}

/** Of a fault, or of a transfer that failed; null where all went well. */
export function faultCodeOf(message: CpeMessage | AcsMessage): number | null {
  if (message.kind === 'fault' || message.kind === 'acs_fault') return bounded(message.code)
  return 'faultCode' in message && message.faultCode !== 0 ? bounded(message.faultCode) : null
}

function bounded(faultCode: number): number {
  return boundedFault({ faultCode, faultString: '' }).faultCode
}
