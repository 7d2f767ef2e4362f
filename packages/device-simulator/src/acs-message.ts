import { childOf, readXml, textOf, type XmlElement } from './read-xml.ts'

/** What one HTTP answer of the ACS means to a CPE (TR-069 3.4.1, 3.7.1.4). */
export type AcsMessage =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly hold: boolean
      readonly method: string
      readonly args: XmlElement
    }
  | { readonly kind: 'response'; readonly id: string; readonly hold: boolean; readonly method: string }
  | { readonly kind: 'fault'; readonly id: string; readonly hold: boolean; readonly code: number }
  | { readonly kind: 'unreadable' }

export function readAcsMessage(body: string): AcsMessage {
  if (body.trim() === '') return { kind: 'empty' }
  const envelope = readXml(body)
  const content = childOf(envelope, 'Body')?.children[0]
  if (envelope?.name !== 'Envelope' || !content) return { kind: 'unreadable' }
  const header = childOf(envelope, 'Header')
  const id = textOf(header, 'ID') ?? ''
  const hold = ['1', 'true'].includes(textOf(header, 'HoldRequests') ?? '')
  if (content.name === 'Fault') {
    const detail = childOf(childOf(content, 'detail'), 'Fault')
    return { kind: 'fault', id, hold, code: Number(textOf(detail, 'FaultCode') ?? 0) }
  }
  if (content.name.endsWith('Response')) {
    return { kind: 'response', id, hold, method: content.name.slice(0, -'Response'.length) }
  }
  return { kind: 'call', id, hold, method: content.name, args: content }
}
