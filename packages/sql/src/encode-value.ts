/**
 * Parameters as text, the same for both implementations, so that neither driver's own habits show.
 * null and undefined are NULL, bytes hexadecimal, arrays SQL arrays, dates ISO, other objects JSON.
 */
export function encodeValue(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return encodeArray(value)
  return json(value)
}

function encodeArray(items: readonly unknown[]): string {
  const encoded = items.map((item) => {
    if (Array.isArray(item)) return encodeArray(item)
    const text = encodeValue(item)
    return text === null ? 'NULL' : `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${encoded.join(',')}}`
}

/**
 * A value for a json or jsonb column. PostgreSQL's jsonb refuses NUL and lone surrogates, and devices send both:
 * they become U+FFFD here, so that no device can block a transaction.
 */
export function json(value: unknown): string {
  const text = JSON.stringify(value)
  return UNSTORABLE.test(text) ? JSON.stringify(value, storableParts) : text
}

/**
 * How JSON writes NUL and lone surrogates, and it writes nothing else like that but text that spells such an escape out:
 * looking at each part takes ten times as long as writing it, and hardly any text needs it.
 */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/

function storableParts(_: string, part: unknown): unknown {
  if (typeof part === 'string') return storable(part)
  if (typeof part === 'object' && part !== null && !Array.isArray(part)) {
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [storable(key), inner]))
  }
  return part
}

const storable = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD')
