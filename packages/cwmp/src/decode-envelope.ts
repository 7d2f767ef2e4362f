import { decodeBody } from './decode-body.ts'
import type { CwmpVersion, Envelope } from './message.ts'
import { MalformedMessage, readUnsigned, type Reading } from './reading.ts'
import { textOf, type XmlElement } from './xml-element.ts'

const MAX_ID = 256

/** One SOAP envelope: at most one Header, one Body, one message in it (TR-069 3.5). */
export function decodeEnvelope(root: XmlElement, reading: Reading): Envelope {
  const bodies = root.children.filter((child) => child.name === 'Body')
  const [body] = bodies
  if (body === undefined || bodies.length > 1)
    throw new MalformedMessage('body_count', `${bodies.length} Body elements`)
  const [message] = body.children
  if (message === undefined || body.children.length > 1) {
    throw new MalformedMessage('method_count', `${body.children.length} messages in the Body`)
  }
  const header = headerOf(root)
  return {
    id: readId(header, reading),
    cwmpVersion: readVersion([root, body, message], reading),
    sessionTimeoutSeconds: readSessionTimeout(header, reading),
    supportedVersions: readSupportedVersions(header),
    body: decodeBody(message, reading),
  }
}

function headerOf(root: XmlElement): XmlElement | undefined {
  const headers = root.children.filter((child) => child.name === 'Header')
  if (headers.length > 1) throw new MalformedMessage('header_unreadable', `${headers.length} Header elements`)
  return headers[0]
}

function readId(header: XmlElement | undefined, reading: Reading): string | null {
  const ids = (header?.children ?? []).filter((child) => child.name === 'ID')
  if (ids.length > 1) throw new MalformedMessage('header_unreadable', `${ids.length} ID headers`)
  const id = ids[0]?.text ?? ''
  if (id.length > MAX_ID) throw new MalformedMessage('header_unreadable', `ID is longer than ${MAX_ID} characters`)
  if (id === '') reading.warn('id_missing')
  return id === '' ? null : id
}

function readSessionTimeout(header: XmlElement | undefined, reading: Reading): number | null {
  const text = textOf(header, 'SessionTimeout')
  return text === '' ? null : readUnsigned(text, reading)
}

function readSupportedVersions(header: XmlElement | undefined): readonly string[] {
  return textOf(header, 'SupportedCWMPVersions')
    .split(',', 16)
    .map((version) => version.trim())
    .filter((version) => /^[0-9]{1,2}\.[0-9]{1,2}$/.test(version))
}

const VERSIONS: ReadonlyMap<string, CwmpVersion> = new Map([
  ['urn:dslforum-org:cwmp-1-0', '1.0'],
  ['urn:dslforum-org:cwmp-1-1', '1.1'],
  ['urn:dslforum-org:cwmp-1-2', '1.2'],
])

/** The version by namespace, wherever it was declared. What is unknown is spoken to as 1.0. */
function readVersion(path: readonly XmlElement[], reading: Reading): CwmpVersion {
  const uri = namespaceOf(path)
  const version = uri === null ? undefined : VERSIONS.get(uri)
  if (version === undefined) reading.warn(uri === null ? 'namespace_missing' : 'namespace_unknown')
  return version ?? '1.0'
}

function namespaceOf(path: readonly XmlElement[]): string | null {
  const prefix = path.at(-1)?.prefix ?? ''
  const own = path
    .findLast((element) => element.attributes.has(declarationOf(prefix)))
    ?.attributes.get(declarationOf(prefix))
  if (own !== undefined && isCwmp(own)) return own
  const declared = path.flatMap((element) =>
    [...element.attributes].filter(([name]) => name.startsWith('xmlns')).map(([, uri]) => uri),
  )
  return declared.find(isCwmp) ?? null
}

function declarationOf(prefix: string): string {
  return prefix === '' ? 'xmlns' : `xmlns:${prefix}`
}

function isCwmp(uri: string): boolean {
  return uri.startsWith('urn:dslforum-org:cwmp')
}
