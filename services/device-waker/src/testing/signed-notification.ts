import { createHmac } from 'node:crypto'
import type { DeviceIdentity } from '@sluice/contracts'

export interface NotificationDraft {
  readonly ts: number
  readonly un?: string
  readonly cn?: string
  readonly device: DeviceIdentity
  readonly parameters?: readonly { readonly name: string; readonly value: string }[]
  readonly password: string
  readonly namespace?: string
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** The body of a notification, as TR-069 M.2.6 prints one. */
export function notificationBody(draft: NotificationDraft): string {
  const {
    ts,
    un = 'ACS57689',
    cn = 'XTGRWIPC6D3IPXS3',
    device,
    namespace = 'urn:broadband-forum-org:cwmp:lnnotif-1-0',
  } = draft
  const parameters = draft.parameters ?? [{ name: 'Device.ManagementServer.PeriodicInformEnable', value: 'false' }]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<Notification xmlns="${namespace}" xmlns:xs="http://www.w3.org/2001/XMLSchema"`,
    '    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    `  <TS>${ts}</TS>`,
    `  <UN>${escaped(un)}</UN>`,
    `  <CN>${cn}</CN>`,
    `  <OUI>${device.oui}</OUI>`,
    `  <ProductClass>${escaped(device.productClass)}</ProductClass>`,
    `  <SerialNumber>${escaped(device.serialNumber)}</SerialNumber>`,
    ...parameters.map(
      ({ name, value }) =>
        `  <Param>\n    <Name>${escaped(name)}</Name>\n    <Value xsi:type="xs:string">${escaped(value)}</Value>\n  </Param>`,
    ),
    '</Notification>\n',
  ].join('\n')
}

/** The whole datagram; `head` replaces headers. */
export function signedDatagram(body: string, password: string, head: Readonly<Record<string, string>> = {}): Buffer {
  const headers = {
    Host: 'acs.server.com',
    'Content-Type': 'text/xml; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Signature: createHmac('sha1', password).update(body).digest('hex').toUpperCase(),
    ...head,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`POST / HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
