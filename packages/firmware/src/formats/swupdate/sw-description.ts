import { NO_FACTS, type ImageFacts } from '../image-facts.ts'
import { refuse } from '../refuse.ts'
import { checkPath, checkText, readText } from '../checked-text.ts'
import { groupsWithin, isGroup, isList, type ConfigGroup, type ConfigValue } from './config-value.ts'
import { readJsonConfig } from './json-config.ts'
import { readLibconfig } from './libconfig.ts'

/** What sw-description says of an update, as far as an operator and the check of its members need it. */
export interface Description {
  /** The files it installs, and the SHA-256 it states of each, in hexadecimal. */
  readonly files: ReadonlyMap<string, string | null>
  readonly facts: Omit<ImageFacts, 'members'>
}

/** SWUpdate, "sw-description": libconfig, or the same as JSON. */
export function readDescription(bytes: Uint8Array): Description {
  const text = readText(bytes, 'sw-description', { max: bytes.length, lines: true })
  const config = text.trimStart().startsWith('{') ? readJsonConfig(text) : readLibconfig(text)
  const software = config.get('software')
  if (!isGroup(software)) return refuse('format_malformed', 'sw-description does not describe software')
  return { files: readFiles(software), facts: readFacts(software) }
}

/**
 * Files may be named anywhere: for boards, for copies, by links between groups. Every group with a filename names one; a
 * file that is named twice (for two copies) has one SHA-256.
 */
function readFiles(software: ConfigGroup): Map<string, string | null> {
  const files = new Map<string, string | null>()
  for (const group of groupsWithin(software)) {
    const name = group.get('filename')
    if (name === undefined) continue
    if (typeof name !== 'string') return refuse('format_malformed', 'a filename that is no text')
    const known = files.get(checkPath(checkText(name, 'a filename'), 'sw-description'))
    const sha256 = readSha256(group.get('sha256'), name)
    if (known !== undefined && known !== sha256) refuse('format_duplicate', `${name} is named twice, with two digests`)
    files.set(name, sha256)
  }
  return files
}

function readSha256(value: ConfigValue | undefined, name: string): string | null {
  if (value === undefined) return null
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/i.test(value))
    return refuse('format_malformed', `the sha256 of ${name} is none`)
  return value.toLowerCase()
}

function readFacts(software: ConfigGroup): Description['facts'] {
  const reboot = software.get('reboot')
  return {
    ...NO_FACTS,
    version: textOf(software, 'version'),
    description: textOf(software, 'description', 2_048),
    boards: readBoards(software),
    reboots: typeof reboot === 'boolean' ? reboot : null,
    more: scriptsOf(software),
  }
}

const MAX_BOARDS = 256

/** The hardware revisions of all boards it is for; null where it does not say. `#RE:` before one: a pattern. */
function readBoards(software: ConfigGroup): string[] | null {
  const listed = [...groupsWithin(software)].map((group) => group.get('hardware-compatibility')).filter(isList)
  const boards = listed.flat().filter((board) => typeof board === 'string')
  if (boards.length > MAX_BOARDS)
    refuse('format_limit_exceeded', `${boards.length} hardware revisions; at most ${MAX_BOARDS}`)
  return boards.length === 0 ? null : [...new Set(boards.map((board) => checkText(board, 'a hardware revision')))]
}

/** A link (`ref`) in place of a text is not followed: unknown. */
function textOf(group: ConfigGroup, name: string, max = 256): string | null {
  const value = group.get(name)
  return typeof value === 'string' ? checkText(value, name, { max, lines: max > 256 }) : null
}

/** What runs on the device, in the words of whoever made the update. */
function scriptsOf(software: ConfigGroup): Record<string, string> {
  const listed = [...groupsWithin(software)].map((group) => group.get('scripts')).filter(isList)
  const names = listed.flat().map((script) => (isGroup(script) ? script.get('filename') : null))
  const scripts = [...new Set(names.filter((name) => typeof name === 'string'))].join('; ')
  return {
    ...(scripts === '' ? {} : { scripts: scripts.slice(0, 2_048) }),
    ...(software.has('embedded-script') ? { embedded_script: 'yes' } : {}),
  }
}
