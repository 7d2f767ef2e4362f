import type { Snapshot } from '@sluice/contracts'
import type { GetParameterValues } from '@sluice/cwmp'
import type { ParameterType } from '@sluice/cwmp'
import { checkValue, type CheckVerdict, type ModelProfile } from '@sluice/model-profiles'
import { batchesOf, halved, type NameBatches } from './name-batches.ts'
import type { Answer, Knowledge } from './task.ts'

/** A snapshot on its way: what is still to be asked, and what was read. */
export interface Reading {
  readonly batches: NameBatches
  readonly digests: Readonly<Record<string, string | null>>
  /** What was read of settings that may be put back, sealed; null: nothing is kept. */
  readonly kept: Readonly<Record<string, string>> | null
  /** By the name of the check; null: the list is not asked for. */
  readonly checks: Readonly<Record<string, CheckVerdict>> | null
  readonly wanUp: boolean | null
  /** Where the Inform did not carry it. */
  readonly softwareVersion: string | null
}

/** What is read besides the snapshot. */
export interface ReadBesides {
  readonly settings?: boolean | undefined
  readonly checks?: boolean | undefined
}

export function beginReading(
  { profile, session }: Pick<Knowledge, 'profile' | 'session'>,
  { settings = false, checks = false }: ReadBesides = {},
): Reading {
  const list = checks ? (profile.checks ?? []) : []
  const listed = list.map(({ path }) => path)
  const names = [...new Set([...profile.settings, ...profile.sentinels, profile.wanStatus.path, ...listed])]
  if (session.model.softwareVersion === null) names.push(profile.versionParameter)
  return {
    batches: batchesOf(names, profile.namesPerRead),
    digests: {},
    kept: settings ? {} : null,
    checks: list.length === 0 ? null : Object.fromEntries(list.map(({ name }) => [name, 'unknown' as const])),
    wanUp: null,
    softwareVersion: session.model.softwareVersion,
  }
}

/** The next question; null once everything was asked. */
export function askNext(reading: Reading): GetParameterValues | null {
  const [names] = reading.batches
  return names === undefined ? null : { kind: 'get_parameter_values', names }
}

/**
 * Takes the answer to the first batch. One unknown path faults the whole of it (9005, TR-069 A.3.2.2): it is then
 * asked in halves, down to the one name that is unknown. Whatever cannot be read stays unknown.
 */
export function takeAnswer(
  reading: Reading,
  answer: Answer,
  { profile, digest, keeping }: Pick<Knowledge, 'profile' | 'digest' | 'keeping'>,
): Reading {
  const [asked = [], ...rest] = reading.batches
  if (answer.kind === 'response' && answer.message.kind === 'get_parameter_values_response') {
    const values = new Map(answer.message.parameters.toReversed().map(({ name, value }) => [name, value]))
    const digests = asked.map((name): [string, string | null] => {
      const value = values.get(name)
      return [name, value === undefined ? null : digest(name, value)]
    })
    return {
      batches: rest,
      kept: reading.kept && { ...reading.kept, ...keptOf(asked, answer.message.parameters, profile, keeping) },
      checks: reading.checks && { ...reading.checks, ...checked(asked, values, profile) },
      digests: { ...reading.digests, ...Object.fromEntries(digests) },
      wanUp: wanUp(values.get(profile.wanStatus.path), profile) ?? reading.wanUp,
      softwareVersion: versionFrom(values.get(profile.versionParameter)) ?? reading.softwareVersion,
    }
  }
  return { ...reading, batches: halved(reading.batches, answer) ?? rest }
}

export function snapshotOf(reading: Reading, profile: ModelProfile): Snapshot {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, reading.digests[name] ?? null]))
  return { settings: pick(profile.settings), sentinels: pick(profile.sentinels), wanUp: reading.wanUp }
}

/** The longest value that is kept: a setting that a subscriber typed in is shorter. */
const LONGEST_KEPT = 1_024

/** An empty value says nothing, since hidden ones read as empty: it is never kept, and so never written back. */
function keptOf(
  asked: readonly string[],
  parameters: readonly { readonly name: string; readonly value: string; readonly type: string | null }[],
  { settings, restorable = [] }: ModelProfile,
  keeping: Knowledge['keeping'],
): Record<string, string> {
  if (keeping === null) return {}
  const wanted = asked.filter((name) => restorable.includes(name) && settings.includes(name))
  return Object.fromEntries(
    wanted.flatMap((name): [string, string][] => {
      const read = parameters.find((parameter) => parameter.name === name)
      if (read === undefined || read.value === '' || read.value.length > LONGEST_KEPT) return []
      return [[name, keeping.close(name, { value: read.value, type: typeOf(read.type) })]]
    }),
  )
}

const TYPES: readonly string[] = [
  'int',
  'unsignedInt',
  'boolean',
  'dateTime',
  'base64',
  'long',
  'unsignedLong',
  'hexBinary',
] satisfies ParameterType[]

function typeOf(type: string | null): ParameterType {
  return type !== null && TYPES.includes(type) ? (type as ParameterType) : 'string'
}

function checked(
  asked: readonly string[],
  values: ReadonlyMap<string, string>,
  { checks = [] }: ModelProfile,
): Record<string, CheckVerdict> {
  const here = checks.filter(({ path }) => asked.includes(path))
  return Object.fromEntries(here.map((check) => [check.name, checkValue(check, values.get(check.path))]))
}

function wanUp(value: string | undefined, { wanStatus }: ModelProfile): boolean | null {
  return value === undefined || value === '' ? null : wanStatus.upValues.includes(value)
}

function versionFrom(value: string | undefined): string | null {
  return value === undefined || value === '' || value.length > 64 ? null : value
}
