import { refuse } from '../refuse.ts'

const HEAD_BYTES = 4

/** An attribute of libubox (blob.h): a word of flag, id and length, then the data, filled up to four bytes. */
export interface Blob {
  readonly extended: boolean
  readonly id: number
  readonly data: Buffer
}

/** One attribute after the other, until the bytes end. */
export function readBlobs(bytes: Buffer): Blob[] {
  const blobs: Blob[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes.length - at < HEAD_BYTES) refuse('format_truncated', 'the certificates end within the head of a blob')
    const head = bytes.readUInt32BE(at)
    const length = head & 0xffffff
    const end = at + length
    const next = Math.ceil(end / 4) * 4
    if (length < HEAD_BYTES || next > bytes.length)
      refuse('format_span_out_of_range', `a blob of ${length} bytes at ${at}`)
    if (bytes.subarray(end, next).some((byte) => byte !== 0))
      refuse('format_malformed', 'a blob is not filled up with zeros')
    blobs.push({ extended: head >>> 31 === 1, id: (head >>> 24) & 0x7f, data: bytes.subarray(at + HEAD_BYTES, end) })
    at = next
  }
  return blobs
}

/** The types of blobmsg that certificates use, as ids of extended blobs (blobmsg.h). */
const TYPES: Readonly<Record<number, BlobmsgValue['type']>> = { 2: 'table', 3: 'string', 4: 'int64', 5: 'int32' }

export interface BlobmsgValue {
  readonly type: 'table' | 'string' | 'int64' | 'int32'
  readonly data: Buffer
}

/** The named values of a blobmsg table. Each has one name, its type is one of those above. */
export function readTable(bytes: Buffer): ReadonlyMap<string, BlobmsgValue> {
  const values = new Map<string, BlobmsgValue>()
  for (const { extended, id, data } of readBlobs(bytes)) {
    const type = TYPES[id]
    if (!extended || type === undefined || data.length < 2)
      refuse('format_malformed', 'a certificate holds what is no value')
    const nameEnd = 2 + data.readUInt16BE()
    const valueAt = Math.ceil((nameEnd + 1) / 4) * 4
    if (valueAt > data.length) refuse('format_span_out_of_range', 'a name in a certificate is longer than its value')
    if (data.subarray(nameEnd, valueAt).some((byte) => byte !== 0))
      refuse('format_malformed', 'a name in a certificate has no end')
    const name = data.toString('latin1', 2, nameEnd)
    if (values.has(name)) refuse('format_duplicate', `a certificate says ${JSON.stringify(name)} twice`)
    values.set(name, { type, data: data.subarray(valueAt) })
  }
  return values
}
