import { STRONG, type CmsPolicy } from '../../cms/check-cms.ts'
import { cmsSignatures, readEmbeddedCms, unsignedOf } from '../cms-signatures.ts'
import { hashCheck } from '../digest-checks.ts'
import type { ImageParser, ImageSource, ParsedImage } from '../format.ts'
import { orRefused, refuse } from '../refuse.ts'
import { without } from '../spans.ts'
import { checkCommands, filesInOrder } from './command-rules.ts'
import { readCommands, type FileCommand } from './commands.ts'
import { u32At } from './numbers.ts'
import { packageFacts } from './package-facts.ts'

/** TR-069 E.3. */
const PREAMBLE = Buffer.from('2WIRE_SP')
const HEADER_BYTES = 24
const MAX_COMMANDS = 0xffff
/** TR-069 E.5: what a recipient may assume of header, command list and signatures together. */
const MAX_HEAD = 150_000

/** TR-069 E.5: RSA over SHA-1 and nothing else; whether attributes are signed is left open, and openssl does so. */
const ANNEX_E: CmsPolicy = { digests: ['sha1'], certificates: ['sha1', ...STRONG], bareSignatures: true }

/** The signed package format of TR-069 Annex E. Its SHA-1 proves nothing today: its signatures are told, and never suffice. */
export const tr069SignedPackage: ImageParser = {
  format: 'tr069_signed_package',
  recognises: ({ head }) => Buffer.from(head.subarray(0, PREAMBLE.length)).equals(PREAMBLE),
  parse: (source) => orRefused(() => readPackage(source)),
}

async function readPackage(source: ImageSource): Promise<ParsedImage> {
  const { listLength, payloadLength } = await readHeader(source)
  const signaturesAt = HEADER_BYTES + listLength
  const commands = readCommands(await source.read({ start: HEADER_BYTES, end: signaturesAt }))
  checkCommands(commands)
  const signatures = await readSignatures(source, signaturesAt)
  const payload = { start: signaturesAt + signatures.length, end: signaturesAt + signatures.length + payloadLength }
  if (payload.end > source.size) refuse('format_truncated', `${source.size} bytes of ${payload.end}`)
  if (payload.end < source.size)
    refuse('format_trailing_bytes', `${source.size - payload.end} bytes follow the payload`)
  const files = filesInOrder(commands, payloadLength)
  const spanOf = ({ offset, length }: FileCommand) => ({
    start: payload.start + offset,
    end: payload.start + offset + length,
  })
  const signedData = readEmbeddedCms(signatures, { bare: true, maxBytes: MAX_HEAD })
  if (signedData.content !== null)
    refuse('format_malformed', 'the signature holds its content, which has to lie outside (TR-069 E.5)')
  return {
    format: 'tr069_signed_package',
    facts: packageFacts(commands, files),
    digests: files.map((file) =>
      hashCheck(`sha1 of ${file.path}`, spanOf(file), 'sha1', Buffer.from(file.sha1, 'hex')),
    ),
    signatures: cmsSignatures(signedData, {
      what: 'PKCS#7 over header and command list',
      over: { start: 0, end: signaturesAt },
      strength: 'legacy',
      policy: ANNEX_E,
    }),
    unsigned: [
      ...unsignedOf(signedData, signaturesAt),
      ...without(payload, files.map(spanOf)).map((span) => ({
        span,
        why: 'payload that no command names: it is installed nowhere',
      })),
    ],
  }
}

async function readHeader(source: ImageSource): Promise<{ listLength: number; payloadLength: number }> {
  if (source.size < HEADER_BYTES) refuse('format_truncated', `${source.size} bytes, less than a header`)
  const header = await source.read({ start: 0, end: HEADER_BYTES })
  if (!Buffer.from(header.subarray(0, 8)).equals(PREAMBLE))
    refuse('format_malformed', 'no preamble of a signed package')
  const [major, listLength, payloadLength] = [u32At(header, 8), u32At(header, 16), u32At(header, 20)]
  // Another minor version is compatible (TR-069 table 94).
  if (major !== 1) refuse('format_version_not_supported', `version ${major} of the package format; 1 is known`)
  if (listLength > MAX_COMMANDS)
    refuse('format_limit_exceeded', `a command list of ${listLength} bytes; at most ${MAX_COMMANDS}`)
  if (HEADER_BYTES + listLength > source.size) refuse('format_truncated', 'the image ends within its command list')
  return { listLength, payloadLength }
}

/** The signature block has no length of its own but that of its outermost element. */
async function readSignatures(source: ImageSource, start: number): Promise<Uint8Array> {
  const head = await source.read({ start, end: Math.min(start + 6, source.size) })
  const end = start + lengthOfElement(head)
  if (end > MAX_HEAD)
    refuse('format_limit_exceeded', `header, commands and signatures of ${end} bytes; at most ${MAX_HEAD}`)
  if (end > source.size) refuse('format_truncated', 'the image ends within its signatures')
  return source.read({ start, end })
}

/** Identifier, length and content of a DER sequence, in bytes: the reader of the whole element looks closer. */
function lengthOfElement([tag, first, ...octets]: Uint8Array): number {
  if (tag !== 0x30 || first === undefined)
    return refuse('format_malformed', 'no signature block follows the command list')
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  if (count === 0) return refuse('format_malformed', 'a signature block of indefinite length (BER)')
  if (count > octets.length)
    return refuse('format_limit_exceeded', 'a signature block whose length takes too many octets')
  return 2 + count + octets.slice(0, count).reduce((length, octet) => length * 256 + octet, 0)
}
