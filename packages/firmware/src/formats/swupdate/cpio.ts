import type { ImageSource, Span } from '../format.ts'
import { refuse } from '../refuse.ts'
import { checkPath, readText } from '../checked-text.ts'

/** A member of a cpio archive. */
export interface Member {
  readonly name: string
  /** Its header with name and padding: bookkeeping, of which only name and size mean something. */
  readonly header: Span
  readonly content: Span
  /** What pads the content to a multiple of four. */
  readonly padding: Span
  /** The sum of all bytes of the content, modulo 2^32; null in an archive without checksums. */
  readonly sum: number | null
}

export interface Archive {
  readonly members: readonly Member[]
  /** From the header that says so to the end of the image. */
  readonly end: Span
}

/** "newc", and "crc", which is newc with sums (cpio(5)). */
export const CPIO_MAGICS = ['070701', '070702']

const HEADER_BYTES = 110
const MAX_NAME = 256
const MAX_MEMBERS = 256
const LAST = 'TRAILER!!!'
/** What cpio fills its last record with. */
const MAX_FILL = 16 * 1024
const REGULAR_FILE = 0o10

/** Reads the headers of an archive, one read each: no content is looked at. Refuses by throwing. */
export async function readArchive(source: ImageSource): Promise<Archive> {
  const members: Member[] = []
  const names = new Set<string>()
  let magic: string | null = null
  for (let at = 0; ;) {
    const entry = await readEntry(source, at)
    magic ??= entry.magic
    if (entry.magic !== magic) refuse('format_malformed', 'an archive of two formats')
    if (entry.name === LAST) {
      if (entry.size !== 0) refuse('format_malformed', 'the end of the archive has content')
      await mustBeZero(source, { start: entry.contentStart, end: source.size })
      return { members, end: { start: at, end: source.size } }
    }
    if (members.length === MAX_MEMBERS) refuse('format_limit_exceeded', `more than ${MAX_MEMBERS} members`)
    if (names.has(entry.name)) refuse('format_duplicate', `the member ${entry.name} is there twice`)
    names.add(entry.name)
    const member = asMember(entry, { at, size: source.size })
    members.push(member)
    at = member.padding.end
  }
}

interface Entry {
  readonly magic: string
  readonly name: string
  readonly size: number
  readonly kind: number
  readonly check: number
  readonly contentStart: number
}

async function readEntry(source: ImageSource, at: number): Promise<Entry> {
  if (at + HEADER_BYTES > source.size) refuse('format_truncated', 'the archive ends within a header')
  const bytes = await source.read({ start: at, end: Math.min(at + HEADER_BYTES + MAX_NAME, source.size) })
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1')
  const magic = header.slice(0, 6)
  if (!CPIO_MAGICS.includes(magic)) refuse('format_malformed', 'no cpio header where one is due')
  const digits = header.slice(6)
  if (!/^[0-9A-Fa-f]{104}$/.test(digits)) refuse('format_malformed', 'a cpio header with what is no number')
  // Inode, mode, owner, group, links, time, size, four devices, length of the name, check: eight digits each (cpio(5)).
  const field = (index: number) => Number.parseInt(digits.slice(index * 8, index * 8 + 8), 16)
  const nameLength = field(11)
  if (nameLength < 2 || nameLength > MAX_NAME)
    refuse('format_limit_exceeded', `a name of ${nameLength} bytes; at most ${MAX_NAME}`)
  if (HEADER_BYTES + nameLength > bytes.length) refuse('format_truncated', 'the archive ends within a name')
  return {
    magic,
    name: nameOf(bytes.subarray(HEADER_BYTES, HEADER_BYTES + nameLength)),
    size: field(6),
    kind: field(1) >>> 12,
    check: field(12),
    contentStart: at + padded(HEADER_BYTES + nameLength),
  }
}

function nameOf(bytes: Uint8Array): string {
  if (bytes.at(-1) !== 0) refuse('format_malformed', 'a name that does not end where its length says')
  return readText(bytes.subarray(0, -1), 'a member', { max: MAX_NAME })
}

/** SWUpdate streams files by their names: a link, a folder or a device has no place in its archive. */
function asMember(
  { magic, name, size, kind, check, contentStart }: Entry,
  { at, size: imageSize }: { at: number; size: number },
): Member {
  checkPath(name, 'a member')
  if (kind !== REGULAR_FILE) refuse('format_feature_not_supported', `${name} is no regular file`)
  const content = { start: contentStart, end: contentStart + size }
  const padding = { start: content.end, end: contentStart + padded(size) }
  if (padding.end > imageSize) refuse('format_truncated', `the archive ends within ${name}`)
  const withSums = magic === '070702'
  if (!withSums && check !== 0) refuse('format_malformed', `${name} has a sum in an archive without sums`)
  return { name, header: { start: at, end: contentStart }, content, padding, sum: withSums ? check : null }
}

async function mustBeZero(source: ImageSource, { start, end }: Span): Promise<void> {
  if (start > end) refuse('format_truncated', 'the archive ends within its last header')
  if (end - start > MAX_FILL) refuse('format_trailing_bytes', `${end - start} bytes follow the archive`)
  const fill = await source.read({ start, end })
  if (fill.some((byte) => byte !== 0)) refuse('format_trailing_bytes', 'bytes follow the archive')
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}
