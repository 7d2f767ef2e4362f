import { createHmac } from 'node:crypto'
import type { Cpe } from '../cpe.ts'
import { escapeXml } from '../read-xml.ts'
import { hexDigits } from '../seeded.ts'
import { tag } from '../write-soap.ts'

/** A UDP Lightweight Notification: one packet that looks like an HTTP POST, signed with the ACS password (TR-069 M.2.3). */
export function writeNotification(cpe: Cpe, host: string, names: readonly string[]): Buffer {
  const { identity } = cpe.settings
  const parameters = names
    .flatMap((name) => cpe.model.under(name))
    .map(([name, { type, value }]) => {
      const typed = `<Value xsi:type="${type.replace('xsd:', 'xs:')}">${escapeXml(value)}</Value>`
      return `<Param>${tag('Name', name)}${typed}</Param>`
    })
  const body = Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<Notification xmlns="urn:broadband-forum-org:cwmp:lnnotif-1-0" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
      tag('TS', Math.floor(Date.now() / 1000)) +
      tag('UN', cpe.model.server('Username')) +
      tag('CN', hexDigits(cpe.random, 16)) +
      tag('OUI', identity.oui) +
      tag('ProductClass', identity.productClass) +
      tag('SerialNumber', identity.serialNumber) +
      `${parameters.join('')}</Notification>`,
  )
  const signature = createHmac('sha1', cpe.model.server('Password')).update(body).digest('hex').toUpperCase()
  const head = [
    'POST / HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: text/xml; charset=utf-8',
    `Content-Length: ${body.length}`,
    `Signature: ${signature}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}
