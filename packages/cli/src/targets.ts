import { readFileSync } from 'node:fs'
import type { DeviceFilter } from '@sluice/contracts'
import { type Invocation, type Options, UsageError, listOf, textOf } from './command.ts'

/** As many names as one filter may list. */
const MOST_NAMES = 10_000

/** Which devices, as `campaigns create` and `fleet create` take it. */
export const TARGET_OPTIONS: Options = {
  where: { type: 'string' },
  device: { type: 'string', multiple: true },
  devices: { type: 'string' },
  tag: { type: 'string', multiple: true },
  'from-version': { type: 'string', multiple: true },
}

export const TARGET_USAGE =
  '[--where <expression>] [--device <name>]... [--devices <file>] [--tag <tag>]... [--from-version <version>]...'

export function targetsOf(values: Invocation['values']): DeviceFilter {
  const where = textOf(values, 'where')
  const file = textOf(values, 'devices')
  const given = listOf(values, 'device')
  const names = file === undefined ? given : [...given, ...namesIn(file)]
  if (names.length > MOST_NAMES) {
    throw new UsageError(
      `${names.length} devices: no more than ${MOST_NAMES} can be listed; give them a tag by an import`,
    )
  }
  const tags = listOf(values, 'tag')
  const softwareVersions = listOf(values, 'from-version')
  return {
    ...(where === undefined ? {} : { where }),
    ...(names.length === 0 ? {} : { names }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(softwareVersions.length === 0 ? {} : { softwareVersions }),
  }
}

/** One name a line; empty lines and those that begin with # are none. A file without any means nobody, and never everybody. */
function namesIn(file: string): string[] {
  const lines = readFileSync(file, 'utf8')
    .replace(/^\uFEFF/, '')
    .split('\n')
  const names = [...new Set(lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')))]
  if (names.length === 0) throw new UsageError(`${file} names no device`)
  return names
}
