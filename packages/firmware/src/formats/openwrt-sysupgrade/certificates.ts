import { readCommented, readNumberedSignature, type NumberedSignature } from '../../signatures/numbered-signature.ts'
import { readPublicKey, type PublicKey } from '../../signatures/public-key.ts'
import { refuse } from '../refuse.ts'
import { readBlobs, readTable, type BlobmsgValue } from './blob.ts'

const SIGNATURE = 0
const PAYLOAD = 1
const AUTHORISES = 1
const REVOKES = 2

/** What ucert wrote (ucert.c): certificates, each signed by the key before it, then the signature of the image. */
export interface Chain {
  readonly certificates: readonly Certificate[]
  /** By the key of the last certificate; without any, by a key of the trust store. */
  readonly image: NumberedSignature
}

export interface Certificate {
  readonly signature: NumberedSignature
  /** The bytes that are signed. */
  readonly signed: Buffer
  readonly says: CertificateStatement
}

/** Times in milliseconds since the epoch. */
export type CertificateStatement =
  | { readonly kind: 'authorises'; readonly key: PublicKey; readonly from: number; readonly until: number }
  | { readonly kind: 'revokes' }

/** The text of a signature alone, or a chain that ends with one. */
export function readChain(chunk: Buffer): Chain {
  if (chunk.toString('latin1', 0, 10) === 'untrusted ') return { certificates: [], image: readSignature(chunk) }
  const elements = readBlobs(chunk).map(readElement)
  const last = elements.at(-1)
  if (last === undefined || last.payload !== null)
    refuse('format_malformed', 'the certificates do not end with a signature of the image')
  return {
    certificates: elements.slice(0, -1).map(({ signature, payload }) => {
      if (payload === null) refuse('format_duplicate', 'two signatures of the image')
      return { signature, signed: payload, says: readStatement(payload) }
    }),
    image: last.signature,
  }
}

function readElement({ extended, id, data }: ReturnType<typeof readBlobs>[number]) {
  const [signature, payload, ...more] = readBlobs(data)
  if (extended || id !== 0 || signature?.id !== SIGNATURE || signature.extended || more.length > 0)
    refuse('format_malformed', 'a certificate has no signature, or more than a signature and what it signs')
  if (payload !== undefined && (payload.id !== PAYLOAD || payload.extended))
    refuse('format_malformed', 'a certificate signs what is no payload')
  return { signature: readSignature(signature.data), payload: payload?.data ?? null }
}

function readSignature(text: Buffer): NumberedSignature {
  const base64 = readCommented(text.toString('latin1'))
  const signature = base64 === null ? null : readNumberedSignature(base64)
  return signature?.algorithm === 'Ed' ? signature : refuse('format_malformed', 'no signature as usign writes it')
}

function readStatement(payload: Buffer): CertificateStatement {
  const outer = readTable(payload)
  const inner = outer.get('ucert')
  if (outer.size !== 1 || inner?.type !== 'table') refuse('format_malformed', 'a certificate does not hold one table')
  const table = readTable(inner.data)
  const kind = valueOf(table, 'certtype', 'int32').readUInt32BE()
  if (kind === REVOKES) return { kind: 'revokes' }
  if (kind !== AUTHORISES) refuse('format_feature_not_supported', `a certificate of type ${kind}`)
  const key = readPublicKey(stringOf(table, 'pubkey'))
  if (key.kind === 'refused' || key.publicKey.keyNumber === undefined)
    refuse('format_malformed', 'a certificate holds no key as usign writes it')
  const [from, until] = [timeOf(table, 'validfrom'), timeOf(table, 'expiresat')]
  return { kind: 'authorises', key: key.publicKey, from, until }
}

function valueOf(table: ReadonlyMap<string, BlobmsgValue>, name: string, type: 'string' | 'int32' | 'int64'): Buffer {
  const value = table.get(name)
  const length = { string: value?.data.length, int32: 4, int64: 8 }[type]
  if (value?.type !== type || value.data.length !== length) refuse('format_malformed', `a certificate has no ${name}`)
  return value.data
}

/** Certificates count seconds. */
function timeOf(table: ReadonlyMap<string, BlobmsgValue>, name: string): number {
  return Number(valueOf(table, name, 'int64').readBigInt64BE()) * 1_000
}

function stringOf(table: ReadonlyMap<string, BlobmsgValue>, name: string): string {
  const bytes = valueOf(table, name, 'string')
  if (bytes.at(-1) !== 0) refuse('format_malformed', `${name} of a certificate has no end`)
  return bytes.toString('latin1', 0, bytes.length - 1)
}
