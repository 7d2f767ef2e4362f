export type DecodedText =
  | { readonly kind: 'text'; readonly text: string; readonly guessed: boolean }
  | { readonly kind: 'invalid' }

/**
 * Bytes to text, strictly. The charset is that of the byte order mark, else of the UTF-16 pattern,
 * the Content-Type, the XML declaration, else UTF-8 (RFC 7303, XML 1.0 appendix F). A body that names
 * no charset and is not UTF-8 is read as ISO-8859-1, which older CPE send without saying so; one
 * that claims UTF-8 and is not is refused.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): DecodedText {
  const marked = markedCharset(bytes)
  const declared = marked ?? charsetOfContentType(contentType) ?? charsetOfDeclaration(bytes)
  const strict = decodeAs(bytes, declared ?? 'utf-8')
  if (strict !== null) return { kind: 'text', text: strict, guessed: false }
  const guess = declared === null || !isKnown(declared) ? decodeAs(bytes, 'iso-8859-1') : null
  return guess === null ? { kind: 'invalid' } : { kind: 'text', text: guess, guessed: true }
}

function markedCharset(bytes: Uint8Array): string | null {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0x00)) return 'utf-16le'
  if ((a === 0xfe && b === 0xff) || (a === 0x00 && b === 0x3c)) return 'utf-16be'
  return null
}

function charsetOfContentType(contentType: string | undefined): string | null {
  const found = /;\s*charset\s*=\s*["']?([\w.:-]{1,32})/i.exec((contentType ?? '').slice(0, 256))
  return found?.[1]?.toLowerCase() ?? null
}

function charsetOfDeclaration(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  const found = /^\s{0,8}<\?xml\s[^>]{0,80}?encoding\s{0,8}=\s{0,8}["']([\w.:-]{1,32})["']/i.exec(head)
  return found?.[1]?.toLowerCase() ?? null
}

const KNOWN = new Set([
  'utf-8',
  'utf8',
  'us-ascii',
  'ascii',
  'iso-8859-1',
  'latin1',
  'windows-1252',
  'utf-16',
  'utf-16le',
  'utf-16be',
])

function isKnown(charset: string): boolean {
  return KNOWN.has(charset)
}

/** One of each, kept: it holds nothing over from one body to the next. */
const decoders = new Map<string, TextDecoder>()

function decoderOf(charset: string): TextDecoder {
  const known = decoders.get(charset)
  if (known !== undefined) return known
  const decoder = new TextDecoder(charset, { fatal: true })
  decoders.set(charset, decoder)
  return decoder
}

function decodeAs(bytes: Uint8Array, charset: string): string | null {
  if (!isKnown(charset)) return null
  try {
    return decoderOf(charset).decode(bytes)
  } catch {
    return null
  }
}
