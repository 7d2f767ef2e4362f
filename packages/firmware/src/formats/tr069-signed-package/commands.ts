import { refuse } from '../refuse.ts'
import { readPath, readText } from '../checked-text.ts'
import { readVersionArray, u32At, u32sOf } from './numbers.ts'

/** A command of a package (TR-069 E.4, table 96), as it is understood here. */
export type Command =
  | FileCommand
  | { readonly kind: 'remove'; readonly what: 'file' | 'versioned_file' | 'sub_tree'; readonly path: string }
  | { readonly kind: 'move'; readonly from: string; readonly to: string }
  | { readonly kind: 'text'; readonly name: 'version' | 'description'; readonly text: string }
  | { readonly kind: 'timeout'; readonly name: string; readonly seconds: number }
  | { readonly kind: 'from_version'; readonly end: 'min' | 'max'; readonly version: string }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'storage'; readonly name: 'non_volatile' | 'volatile'; readonly bytes: number }
  | {
      readonly kind: 'required_attributes'
      readonly entity: number
      readonly class: number
      readonly values: readonly number[]
    }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'format_file_system' }
  /** A recipient ignores it (E.4). */
  | { readonly kind: 'unknown'; readonly type: number }

export interface FileCommand {
  readonly kind: 'file'
  /** Add: only where no such file is there (E.4.3). */
  readonly how: 'extract' | 'extract_versioned' | 'add' | 'add_versioned'
  readonly path: string
  readonly sha1: string
  /** From the beginning of the payload. */
  readonly offset: number
  readonly length: number
}

const TLV_HEAD = 8
const END = 0

/** Reads a command list: every byte of it belongs to a command. */
export function readCommands(list: Uint8Array): Command[] {
  const commands: Command[] = []
  for (let at = 0; at < list.length;) {
    if (at + TLV_HEAD > list.length) refuse('format_truncated', 'the command list ends within a command')
    const type = u32At(list, at)
    const end = at + TLV_HEAD + u32At(list, at + 4)
    if (end > list.length) refuse('format_span_out_of_range', `command ${type} reaches beyond the command list`)
    const value = list.subarray(at + TLV_HEAD, end)
    if (type === END) {
      mustBeEmpty(value, 'end')
      if (end < list.length) refuse('format_trailing_bytes', 'bytes follow the end of the command list')
      break
    }
    commands.push(readCommand(type, value))
    at = end
  }
  return commands
}

function readCommand(type: number, value: Uint8Array): Command {
  switch (type) {
    case 1:
      return readFile('extract', value)
    case 2:
      return readFile('extract_versioned', value)
    case 3:
      return readFile('add', value)
    case 4:
      return readFile('add_versioned', value)
    case 5:
      return { kind: 'remove', what: 'file', ...readRemove(value) }
    case 6:
      return { kind: 'remove', what: 'versioned_file', ...readRemove(value) }
    case 7:
      return { kind: 'remove', what: 'sub_tree', ...readRemove(value) }
    case 8:
    case 9:
      return readMove(value)
    case 10:
      return { kind: 'text', name: 'version', text: readText(value, 'the version') }
    case 11:
      return {
        kind: 'text',
        name: 'description',
        text: readText(value, 'the description', { max: 2_048, lines: true }),
      }
    case 12:
      return { kind: 'timeout', name: 'recoverable', seconds: readNumber(value, 'a timeout') }
    case 13:
      return { kind: 'timeout', name: 'unrecoverable', seconds: readNumber(value, 'a timeout') }
    case 14:
      return { kind: 'timeout', name: 'initial', seconds: readNumber(value, 'a timeout') }
    case 15:
      return { kind: 'timeout', name: 'initial_activity', seconds: readNumber(value, 'a timeout') }
    case 16:
      mustBeEmpty(value, 'reboot')
      return { kind: 'reboot' }
    case 17:
      mustBeEmpty(value, 'format file system')
      return { kind: 'format_file_system' }
    case 18:
      return { kind: 'from_version', end: 'min', version: readVersionArray(value) }
    case 19:
      return { kind: 'from_version', end: 'max', version: readVersionArray(value) }
    case 20:
      return { kind: 'role', role: readRole(value) }
    case 21:
      return { kind: 'storage', name: 'non_volatile', bytes: readNumber(value, 'a storage size') }
    case 22:
      return { kind: 'storage', name: 'volatile', bytes: readNumber(value, 'a storage size') }
    case 25:
      return readRequiredAttributes(value)
    default:
      return { kind: 'unknown', type }
  }
}

/** TR-069 table 97. Path and hash lie behind the eight numbers and do not overlap. */
function readFile(how: FileCommand['how'], value: Uint8Array): FileCommand {
  const [, pathAt, pathLength, hashType, hashAt, hashLength, offset, length] = numbersOf(value, 8)
  if (hashType !== 1) refuse('format_feature_not_supported', `hash type ${hashType}; 1 is the only one there is`)
  if (hashLength !== 20) refuse('format_malformed', `a SHA-1 of ${hashLength} bytes`)
  const [path, sha1] = fieldsOf(value, 32, [
    { at: pathAt!, length: pathLength! },
    { at: hashAt!, length: 20 },
  ])
  return {
    kind: 'file',
    how,
    path: readPath(path!, 'a file'),
    sha1: Buffer.from(sha1!).toString('hex'),
    offset: offset!,
    length: length!,
  }
}

/** TR-069 table 98. */
function readRemove(value: Uint8Array): { path: string } {
  const [, at, length] = numbersOf(value, 3)
  const [path] = fieldsOf(value, 12, [{ at: at!, length: length! }])
  return { path: readPath(path!, 'what is removed') }
}

/** TR-069 table 99. */
function readMove(value: Uint8Array): Command {
  const [, fromAt, fromLength, toAt, toLength] = numbersOf(value, 5)
  const [from, to] = fieldsOf(value, 20, [
    { at: fromAt!, length: fromLength! },
    { at: toAt!, length: toLength! },
  ])
  return { kind: 'move', from: readPath(from!, 'what is moved'), to: readPath(to!, 'a destination') }
}

const ROLES: Readonly<Record<number, string>> = {
  1: 'software upgrade',
  2: 'software recovery',
  3: 'web content',
  4: 'vendor configuration',
  5: 'tone file',
  6: 'ringer file',
}

/** TR-069 E.4.11. What follows a vendor's role is the vendor's. A reserved role says what nobody here knows. */
function readRole(value: Uint8Array): string {
  const [role] = numbersOf(value, 1)
  if (isVendors(role!)) return `of vendor ${ouiOf(role!)}`
  const named = ROLES[role!]
  if (named === undefined) return refuse('format_feature_not_supported', `role ${role} is reserved`)
  if (value.length > 4) refuse('format_trailing_bytes', 'bytes follow a role')
  return named
}

/** TR-069 E.4.13. */
function readRequiredAttributes(value: Uint8Array): Command {
  const [entity, theClass, ...values] = u32sOf(value, 'required attributes')
  if (entity === undefined || theClass === undefined)
    return refuse('format_truncated', 'required attributes without a class')
  if (entity !== 0 && !isVendors(entity)) refuse('format_feature_not_supported', `attributes defined by ${entity}`)
  return { kind: 'required_attributes', entity, class: theClass, values }
}

function isVendors(number: number): boolean {
  return number >>> 24 === 0xff
}

export function ouiOf(number: number): string {
  return (number & 0xff_ffff).toString(16).toUpperCase().padStart(6, '0')
}

function numbersOf(value: Uint8Array, count: number): number[] {
  if (value.length < count * 4) refuse('format_truncated', 'a command ends within its numbers')
  return Array.from({ length: count }, (_, at) => u32At(value, at * 4))
}

function readNumber(value: Uint8Array, what: string): number {
  if (value.length !== 4) refuse('format_malformed', `${what} of ${value.length} bytes`)
  return u32At(value, 0)
}

interface Field {
  readonly at: number
  readonly length: number
}

/** Fields of a value that are told by offset and length: within the value, behind its numbers, none over another. */
function fieldsOf(value: Uint8Array, firstFree: number, fields: readonly Field[]): Uint8Array[] {
  let free = firstFree
  for (const { at, length } of fields.toSorted((a, b) => a.at - b.at)) {
    if (at < free) refuse('format_spans_overlap', 'a field of a command lies over another')
    free = at + length
    if (free > value.length) refuse('format_span_out_of_range', 'a field lies beyond its command')
  }
  return fields.map(({ at, length }) => value.subarray(at, at + length))
}

function mustBeEmpty(value: Uint8Array, name: string): void {
  if (value.length > 0) refuse('format_malformed', `the command "${name}" has a value`)
}
