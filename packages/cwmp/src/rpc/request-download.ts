import { clip, type Reading } from '../reading.ts'
import { childOf, textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'
import { clipped } from './list.ts'

/** TR-069 A.4.2.2: the CPE asks for a file; the ACS may answer with a Download in the same session. */
export interface RequestDownload {
  readonly kind: 'request_download'
  /** For example `1 Firmware Upgrade Image`. */
  readonly fileType: string
  /** At most 16. */
  readonly fileTypeArgs: readonly FileTypeArg[]
}

export interface FileTypeArg {
  readonly name: string
  readonly value: string
}

export interface RequestDownloadResponse {
  readonly kind: 'request_download_response'
}

const MAX_ARGS = 16

export function decodeRequestDownload(message: XmlElement, reading: Reading): RequestDownload {
  const structs = (childOf(message, 'FileTypeArg')?.children ?? []).filter((child) => child.name === 'ArgStruct')
  return {
    kind: 'request_download',
    fileType: clip(textOf(message, 'FileType'), 64),
    fileTypeArgs: clipped(structs, MAX_ARGS, reading).map((struct) => ({
      name: clip(textOf(struct, 'Name'), 64),
      value: clip(textOf(struct, 'Value'), 256),
    })),
  }
}

export function encodeRequestDownloadResponse(): Xml {
  return element('cwmp:RequestDownloadResponse')
}
