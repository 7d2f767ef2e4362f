import { textArgument, unsignedArgument } from '../argument.ts'
import { readTime, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readStatus } from './status.ts'

/** TR-069 A.4.1.5: the CPE sends a file with HTTP PUT. */
export interface Upload {
  readonly kind: 'upload'
  /** At most 32 characters. */
  readonly commandKey: string
  /** For example `3 Vendor Configuration File 1`. */
  readonly fileType: string
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly delaySeconds: number
}

export interface UploadResponse {
  readonly kind: 'upload_response'
  /** 0: sent. 1: not yet, a TransferComplete follows; also where it was missing or unreadable. */
  readonly status: 0 | 1
  readonly startTime: string | null
  readonly completeTime: string | null
}

export function encodeUpload(message: Upload): Xml {
  return element('cwmp:Upload', [
    textArgument('CommandKey', message.commandKey, 32),
    textArgument('FileType', message.fileType, 64),
    textArgument('URL', message.url, 256),
    textArgument('Username', message.username ?? '', 256),
    textArgument('Password', message.password ?? '', 256),
    unsignedArgument('DelaySeconds', message.delaySeconds),
  ])
}

export function decodeUploadResponse(message: XmlElement, reading: Reading): UploadResponse {
  return {
    kind: 'upload_response',
    status: readStatus(message, reading),
    startTime: readTime(textOf(message, 'StartTime'), reading),
    completeTime: readTime(textOf(message, 'CompleteTime'), reading),
  }
}
