import { textArgument } from '../argument.ts'
import { clip } from '../reading.ts'
import { textOf, type XmlElement } from '../xml-element.ts'
import { element, type Xml } from '../xml-writer.ts'

/** TR-069 A.4.2.1, deprecated with Annex D: a browser was sent to the CPE. All texts are the browser's. */
export interface Kicked {
  readonly kind: 'kicked'
  readonly command: string
  readonly referer: string
  readonly arg: string
  /** Where the browser should go next. */
  readonly next: string
}

export interface KickedResponse {
  readonly kind: 'kicked_response'
  /** At most 1024 characters. Never echo what the browser sent without a check: it is an open redirect. */
  readonly nextUrl: string
}

export function decodeKicked(message: XmlElement): Kicked {
  return {
    kind: 'kicked',
    command: clip(textOf(message, 'Command'), 32),
    referer: clip(textOf(message, 'Referer'), 64),
    arg: clip(textOf(message, 'Arg'), 256),
    next: clip(textOf(message, 'Next'), 1024),
  }
}

export function encodeKickedResponse(message: KickedResponse): Xml {
  return element('cwmp:KickedResponse', [textArgument('NextURL', message.nextUrl, 1024)])
}
