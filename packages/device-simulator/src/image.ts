import { createHash, sign, verify, type KeyObject } from 'node:crypto'

/**
 * What a simulated image does to a share of the devices that install it (a bad release). Shares are between 0 and 1, and
 * a device suffers at most one of them: which one is decided by its serial number and the seed.
 */
export interface ImageBehaviour {
  readonly refuseShare?: number
  readonly fallBackShare?: number
  readonly loseSettingsShare?: number
  readonly silentShare?: number
}

export interface ImageHeader {
  /** What DeviceInfo.SoftwareVersion says once the image runs. */
  readonly version: string
  readonly behaviour?: ImageBehaviour
}

export interface ImageOrder extends ImageHeader {
  readonly sizeBytes: number
  readonly privateKey: KeyObject
}

/** 9018: corrupted or unusable; 9019: authentication failed (TR-069 A.5.1, table 87). */
export type ImageVerdict =
  | { readonly kind: 'good'; readonly header: ImageHeader }
  | { readonly kind: 'bad'; readonly fault: 9018 | 9019; readonly why: string }

const FIRST_WORD = 'SLUICE-SIM-IMAGE '
const MAGIC = Buffer.from('SIMSIGN1')
const SIGNATURE_BYTES = 64
const MAX_HEADER_BYTES = 4096

/** One line `SLUICE-SIM-IMAGE {json}`, incompressible padding, a 64-byte Ed25519 signature over all of that, `SIMSIGN1`. */
export function buildSimulatedImage(order: ImageOrder): Buffer {
  const { version, behaviour, sizeBytes, privateKey } = order
  const header = Buffer.from(`${FIRST_WORD}${JSON.stringify({ version, ...(behaviour && { behaviour }) })}\n`)
  const padding = sizeBytes - header.length - SIGNATURE_BYTES - MAGIC.length
  if (header.length > MAX_HEADER_BYTES || padding < 0)
    throw new RangeError(`an image of ${sizeBytes} bytes cannot hold its header and signature`)
  const content = Buffer.concat([header, paddingOf(version, padding)])
  return Buffer.concat([content, sign(null, content, privateKey), MAGIC])
}

/** Deterministic bytes that do not compress: a hash chain. */
function paddingOf(version: string, length: number): Buffer {
  const padding = Buffer.alloc(length)
  let block: Buffer = createHash('sha512').update(version).digest()
  for (let at = 0; at < length; at += block.length) {
    block.copy(padding, at)
    block = createHash('sha512').update(block).digest()
  }
  return padding
}

/** Judges an image as a CPE's own boot loader would: the form first, then the vendor's signature. */
export function judgeImage(image: Buffer, vendorPublicKey: KeyObject): ImageVerdict {
  const header = readHeader(image)
  if (!header) return { kind: 'bad', fault: 9018, why: 'no readable header' }
  const end = image.length - SIGNATURE_BYTES - MAGIC.length
  if (end < 0 || !image.subarray(-MAGIC.length).equals(MAGIC)) return { kind: 'bad', fault: 9019, why: 'not signed' }
  const signature = image.subarray(end, end + SIGNATURE_BYTES)
  if (!verify(null, image.subarray(0, end), vendorPublicKey, signature)) {
    return { kind: 'bad', fault: 9019, why: 'signature does not match' }
  }
  return { kind: 'good', header }
}

function readHeader(image: Buffer): ImageHeader | undefined {
  const end = image.subarray(0, MAX_HEADER_BYTES).indexOf('\n')
  const line = image.subarray(0, Math.max(end, 0)).toString('utf8')
  if (!line.startsWith(FIRST_WORD)) return undefined
  try {
    const header: unknown = JSON.parse(line.slice(FIRST_WORD.length))
    return isHeader(header) ? header : undefined
  } catch {
    return undefined
  }
}

function isHeader(value: unknown): value is ImageHeader {
  if (typeof value !== 'object' || value === null || !('version' in value)) return false
  if (typeof value.version !== 'string' || value.version === '') return false
  return !('behaviour' in value) || (typeof value.behaviour === 'object' && value.behaviour !== null)
}
