import type { DeviceIdentity } from '@sluice/contracts'
import { type Element, readXml } from './read-xml.ts'

/** What a device tells by UDP (TR-069 M.2.4, table 108). */
export interface Notification {
  /** Seconds since 1970, by the device's clock. */
  readonly timestamp: number
  readonly username: string
  readonly device: DeviceIdentity
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
}

export type ReadNotification =
  | { readonly kind: 'read'; readonly notification: Notification }
  | { readonly kind: 'malformed'; readonly detail: string }

/** As Amendment 5 prints it, and as the schema it points to has it. */
const NAMESPACES = ['urn:broadband-forum-org:cwmp:lnnotif-1-0', 'urn:broadband-forum-org:cwmp:lwnotif-1-0']
const HEAD = ['TS', 'UN', 'CN', 'OUI', 'ProductClass', 'SerialNumber'] as const
const MAX_PARAMETERS = 256
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function readNotification(body: Uint8Array): ReadNotification {
  let text: string
  try {
    text = decoder.decode(body)
  } catch {
    return malformed('no UTF-8')
  }
  const root = readXml(text)
  if (root === null) return malformed('not well-formed')
  if (root.name !== 'Notification' || !NAMESPACES.includes(root.namespace)) return malformed('no Notification')
  const children = root.children
  if (!HEAD.every((name, index) => isLeaf(children[index], name))) return malformed('its arguments')
  const [timestamp, username, , oui, productClass, serialNumber] = children.map((child) => child.text.trim()) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  if (!/^\d{1,12}$/.test(timestamp)) return malformed('its timestamp')
  const isIdentity =
    /^[0-9A-F]{6}$/.test(oui) && productClass.length <= 64 && serialNumber.length >= 1 && serialNumber.length <= 64
  if (!isIdentity || username.length > 256) return malformed('whom it speaks of')
  const parameters = readParameters(children.slice(HEAD.length))
  if (parameters === null) return malformed('its parameters')
  const device = { oui, productClass, serialNumber }
  return { kind: 'read', notification: { timestamp: Number(timestamp), username, device, parameters } }
}

function readParameters(elements: readonly Element[]): Notification['parameters'] | null {
  if (elements.length === 0 || elements.length > MAX_PARAMETERS) return null
  const parameters = elements.map(({ name, children: [first, second, ...more] }) => {
    if (name !== 'Param' || more.length > 0 || !isLeaf(first, 'Name') || !isLeaf(second, 'Value')) return null
    const parameter = { name: first.text.trim(), value: second.text }
    return parameter.name === '' || parameter.name.length > 256 || parameter.value.length > 256 ? null : parameter
  })
  return parameters.every((parameter) => parameter !== null) ? parameters : null
}

function isLeaf(element: Element | undefined, name: string): element is Element {
  return element !== undefined && element.name === name && element.children.length === 0
}

function malformed(detail: string): ReadNotification {
  return { kind: 'malformed', detail }
}
