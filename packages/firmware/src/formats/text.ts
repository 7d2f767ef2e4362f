const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Text of an image that people will read: UTF-8 without control characters, so that it ends no line of a log and turns no
 * terminal's colours. Null: it is not that.
 */
export function readText(bytes: Uint8Array): string | null {
  try {
    const text = utf8.decode(bytes)
    return /\p{Cc}/u.test(text) ? null : text
  } catch {
    return null
  }
}
