import { textArgument, unsignedArgument } from '../argument.ts'
import { readTime, type Reading } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { readStatus } from './status.ts'

/** TR-069 A.3.2.8. */
export interface Download {
  readonly kind: 'download'
  /** At most 32 characters. */
  readonly commandKey: string
  /** For example `1 Firmware Upgrade Image`. */
  readonly fileType: string
  readonly url: string
  readonly delaySeconds: number
  /**
   * Which arguments are written. `all`: the ten of the schema, empty where not given. `minimal`:
   * CommandKey, FileType, URL and DelaySeconds alone, so credentials must be in the URL's path. There
   * are models that refuse either one.
   */
  readonly argumentSet: DownloadArgumentSet
  readonly username?: string
  readonly password?: string
  /** Bytes; 0 where not known. */
  readonly fileSize?: number
  readonly targetFileName?: string
  readonly successUrl?: string
  readonly failureUrl?: string
}

export type DownloadArgumentSet = 'all' | 'minimal'

export interface DownloadResponse {
  readonly kind: 'download_response'
  /** 0: fetched and applied. 1: not yet; also where it was missing (`status_missing`) or unreadable. */
  readonly status: 0 | 1
  readonly startTime: string | null
  readonly completeTime: string | null
}

export function encodeDownload(message: Download): Xml {
  return element('cwmp:Download', message.argumentSet === 'all' ? allArguments(message) : minimalArguments(message))
}

/** In the order of the schema. */
function allArguments(message: Download): readonly Xml[] {
  return [
    ...whatToFetch(message),
    textArgument('Username', message.username ?? '', 256),
    textArgument('Password', message.password ?? '', 256),
    unsignedArgument('FileSize', message.fileSize ?? 0),
    textArgument('TargetFileName', message.targetFileName ?? '', 256),
    unsignedArgument('DelaySeconds', message.delaySeconds),
    textArgument('SuccessURL', message.successUrl ?? '', 256),
    textArgument('FailureURL', message.failureUrl ?? '', 256),
  ]
}

function minimalArguments(message: Download): readonly Xml[] {
  return [...whatToFetch(message), unsignedArgument('DelaySeconds', message.delaySeconds)]
}

function whatToFetch(message: Download): readonly Xml[] {
  return [
    textArgument('CommandKey', message.commandKey, 32),
    textArgument('FileType', message.fileType, 64),
    textArgument('URL', message.url, 256),
  ]
}

export function decodeDownloadResponse(message: XmlElement, reading: Reading): DownloadResponse {
  return {
    kind: 'download_response',
    status: readStatus(message, reading),
    startTime: readTime(textOf(message, 'StartTime'), reading),
    completeTime: readTime(textOf(message, 'CompleteTime'), reading),
  }
}
