import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.3.2.9. */
export interface Reboot {
  readonly kind: 'reboot'
  readonly commandKey: string
}

export interface RebootResponse {
  readonly kind: 'reboot_response'
}

export function encodeReboot(message: Reboot): Xml {
  return element('cwmp:Reboot', [element('CommandKey', message.commandKey)])
}

export function decodeRebootResponse(): RebootResponse {
  return { kind: 'reboot_response' }
}
