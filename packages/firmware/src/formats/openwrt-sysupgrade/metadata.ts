import { NO_FACTS, type ImageFacts } from '../image-facts.ts'
import { refuse } from '../refuse.ts'
import { checkText } from '../checked-text.ts'

const MOST_BOARDS = 512
const LONGEST_TEXT = 512
/** Of devices and images from before there was one. */
const FIRST_COMPAT_VERSION = '1.0'

/** What the metadata of a build says (OpenWrt, include/image-commands.mk, and what fwtool.sh makes of it on a device). */
export function factsOfMetadata(json: Uint8Array): ImageFacts {
  const metadata = parse(json)
  const compatVersion = text(metadata, 'compat_version') ?? FIRST_COMPAT_VERSION
  if (!/^\d{1,5}\.\d{1,5}$/.test(compatVersion)) refuse('format_malformed', 'compat_version is not of the form 1.0')
  // From 1.1 on, the old list holds a sentence for devices that do not know of compat_version.
  const list = compatVersion === FIRST_COMPAT_VERSION ? 'supported_devices' : 'new_supported_devices'
  const version = metadata['version'] ?? {}
  if (!isObject(version)) refuse('format_malformed', 'version is no object')
  const more = ['dist', 'revision', 'target', 'board'].flatMap((name) => {
    const value = text(version, name)
    return value === null ? [] : [[name, value] as const]
  })
  return {
    ...NO_FACTS,
    version: text(version, 'version'),
    boards: readBoards(metadata[list], list),
    settings: { kind: 'by_compat_version', compatVersion, message: text(metadata, 'compat_message') },
    more: Object.fromEntries(more),
  }
}

function parse(json: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(json).toString())
    if (isObject(value)) return value
  } catch {
    // Told below.
  }
  return refuse('format_malformed', 'the metadata is no object in JSON')
}

/** A device takes no image whose metadata has no list of boards. */
function readBoards(value: unknown, list: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) refuse('format_malformed', `the metadata has no ${list}`)
  if (value.length > MOST_BOARDS) refuse('format_limit_exceeded', `${value.length} boards; at most ${MOST_BOARDS}`)
  return value.map((board) => asText(board, list))
}

function text(object: Readonly<Record<string, unknown>>, name: string): string | null {
  return Object.hasOwn(object, name) ? asText(object[name], name) : null
}

function asText(value: unknown, name: string): string {
  if (typeof value !== 'string') refuse('format_malformed', `${name} holds what is no text`)
  return checkText(value, name, { max: LONGEST_TEXT, lines: name === 'compat_message' })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
