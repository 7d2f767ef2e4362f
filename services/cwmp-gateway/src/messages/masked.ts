import { isSecretName } from './secret-names.ts'

/** What stands where a secret was. */
const MASK = '********'

/**
 * An envelope without its secrets: passwords of transfers, values of parameters whose names say that they are secret,
 * credentials in URLs. By its text, since what is logged is what was on the wire; what cannot be told apart is masked,
 * and so is all CDATA, where names and ends of elements may hide. Each search goes over the text once, whatever a device
 * sends: none of them can begin anew behind the next `<`.
 */
export function masked(envelope: string): string {
  return envelope
    .replaceAll(/<!\[CDATA\[[^]*?(?:\]\]>|$)|<!--[^]*?(?:-->|$)/g, MASK)
    .split(STRUCT)
    .map(maskStruct)
    .join('')
    .split(SECRET_ELEMENT)
    .map((piece) => (piece.search(SECRET_ELEMENT) === 0 ? maskContent(piece, SECRET_ELEMENT_END, 'first') : piece))
    .join('')
    .replaceAll(USER_INFO, `$1${MASK}$2`)
}

/** Before whatever begins with a Name or a Value: SOAP toolkits call a ParameterValueStruct as they please. */
const STRUCT = /(?=<[^<>/][^<>]*>\s*<(?:[\w.-]+:)?(?:Name|Value)[\s/>])/
/** The arguments of transfers, and vouchers: their text is a secret by itself. */
const SECRET_ELEMENT = /(?=<(?:[\w.-]+:)?(?:Password|VoucherList|Voucher)[\s>])/
const SECRET_ELEMENT_END = /<\/(?:[\w.-]+:)?(?:Password|VoucherList|Voucher)\s*>/g
const NAME = /<(?:[\w.-]+:)?Name(?=[\s/>])[^<>]*>([^<]*)(<\/)?/g
const VALUE = /<(?:[\w.-]+:)?Value(?=[\s>])/
const VALUE_END = /<\/(?:[\w.-]+:)?Value\s*>/g
/** A text that was cut may lack what would show that a URL holds a password. */
const USER_INFO = /(:\/\/)[^\s/@<>"']*(@|$)/g

function maskStruct(struct: string): string {
  const value = struct.search(VALUE)
  if (value === -1) return struct
  const names = [...struct.matchAll(NAME)]
  // A name with references is no name to trust, nor one that was cut.
  const isOpen = names.length === 1 && names.every(([, name = '', end]) => end !== undefined && isOpenName(name))
  return isOpen ? struct : struct.slice(0, value) + maskContent(struct.slice(value), VALUE_END, 'last')
}

function isOpenName(name: string): boolean {
  return !/[&*]/.test(name) && !isSecretName(name)
}

/** Of a piece that begins with the tag of its element: up to its first end in the piece, or its last one. */
function maskContent(piece: string, end: RegExp, which: 'first' | 'last'): string {
  const from = piece.indexOf('>') + 1
  if (from === 0) return MASK
  const ends = [...piece.matchAll(end)].map(({ index }) => index)
  if (piece[from - 2] === '/' && ends.length === 0) return piece
  const to = which === 'first' ? ends[0] : ends.at(-1)
  return piece.slice(0, from) + MASK + piece.slice(to ?? piece.length)
}
