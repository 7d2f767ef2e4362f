import { textArgument } from '../argument.ts'
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
  return element('cwmp:Reboot', [textArgument('CommandKey', message.commandKey, 32)])
}

export function decodeRebootResponse(): RebootResponse {
  return { kind: 'reboot_response' }
}
