import { childOf, readXml, textOf, type XmlElement } from './read-xml.ts'

interface Head {
  readonly id: string
  readonly hold: boolean
  /** What UseCWMPVersion says, if it is there (TR-069 3.4.7). */
  readonly useVersion?: string
}

/** What one envelope of the ACS means to a CPE (TR-069 3.4.1, 3.7.1.4). */
export type AcsMessage =
  | { readonly kind: 'empty' }
  | ({ readonly kind: 'call' | 'response'; readonly method: string; readonly args: XmlElement } & Head)
  | ({ readonly kind: 'fault'; readonly code: number } & Head)
  | { readonly kind: 'unreadable' }

const END_OF_ENVELOPE = /(?<=<\/(?:[\w.-]+:)?Envelope\s*>)/

/** One HTTP answer: nothing, or an envelope, or several of them. */
export function readAcsMessages(body: string): [AcsMessage, ...AcsMessage[]] {
  const [first = '', ...more] = body.split(END_OF_ENVELOPE).filter((part) => part.trim() !== '')
  return [readAcsMessage(first), ...more.map(readAcsMessage)]
}

export function readAcsMessage(body: string): AcsMessage {
  if (body.trim() === '') return { kind: 'empty' }
  const envelope = readXml(body)
  const content = childOf(envelope, 'Body')?.children[0]
  if (envelope?.name !== 'Envelope' || !content) return { kind: 'unreadable' }
  const head = readHead(childOf(envelope, 'Header'))
  if (content.name === 'Fault') {
    const detail = childOf(childOf(content, 'detail'), 'Fault')
    return { kind: 'fault', ...head, code: Number(textOf(detail, 'FaultCode') ?? 0) }
  }
  if (content.name.endsWith('Response')) {
    return { kind: 'response', ...head, method: content.name.slice(0, -'Response'.length), args: content }
  }
  return { kind: 'call', ...head, method: content.name, args: content }
}

function readHead(header: XmlElement | undefined): Head {
  const useVersion = textOf(header, 'UseCWMPVersion')
  return {
    id: textOf(header, 'ID') ?? '',
    hold: ['1', 'true'].includes(textOf(header, 'HoldRequests') ?? ''),
    ...(useVersion !== undefined && { useVersion }),
  }
}
