import { textArgument, unsignedArgument } from '../argument.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.1.2: asks for an Inform with the events `3 SCHEDULED` and `M ScheduleInform`. */
export interface ScheduleInform {
  readonly kind: 'schedule_inform'
  /** Greater than 0. */
  readonly delaySeconds: number
  readonly commandKey: string
}

export interface ScheduleInformResponse {
  readonly kind: 'schedule_inform_response'
}

export function encodeScheduleInform(message: ScheduleInform): Xml {
  return element('cwmp:ScheduleInform', [
    unsignedArgument('DelaySeconds', message.delaySeconds, 1),
    textArgument('CommandKey', message.commandKey, 32),
  ])
}

export function decodeScheduleInformResponse(): ScheduleInformResponse {
  return { kind: 'schedule_inform_response' }
}
