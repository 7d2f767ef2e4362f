import type { Snapshot } from '@sluice/contracts'
import type { GetParameterValues } from '@sluice/cwmp'
import type { ModelProfile } from '@sluice/model-profiles'
import type { Answer, Knowledge } from './task.ts'

/** A snapshot on its way: names still to be asked, in the batches they are asked in, and what was read. */
export interface Reading {
  readonly batches: readonly (readonly string[])[]
  readonly digests: Readonly<Record<string, string | null>>
  readonly wanUp: boolean | null
  /** Where the Inform did not carry it. */
  readonly softwareVersion: string | null
}

/** Some CPE refuse longer lists (seen in the field: 32). */
const BATCH = 32

export function beginReading({ profile, session }: Pick<Knowledge, 'profile' | 'session'>): Reading {
  const names = [...new Set([...profile.settings, ...profile.sentinels, profile.wanStatus.path])]
  if (session.model.softwareVersion === null) names.push(profile.versionParameter)
  const batches = Array.from({ length: Math.ceil(names.length / BATCH) }, (_, i) =>
    names.slice(i * BATCH, (i + 1) * BATCH),
  )
  return { batches, digests: {}, wanUp: null, softwareVersion: session.model.softwareVersion }
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
  { profile, digest }: Pick<Knowledge, 'profile' | 'digest'>,
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
      digests: { ...reading.digests, ...Object.fromEntries(digests) },
      wanUp: wanUp(values.get(profile.wanStatus.path), profile) ?? reading.wanUp,
      softwareVersion: versionFrom(values.get(profile.versionParameter)) ?? reading.softwareVersion,
    }
  }
  if (answer.kind === 'fault' && answer.code === 9005 && asked.length > 1) {
    const half = Math.ceil(asked.length / 2)
    return { ...reading, batches: [asked.slice(0, half), asked.slice(half), ...rest] }
  }
  return { ...reading, batches: rest }
}

export function snapshotOf(reading: Reading, profile: ModelProfile): Snapshot {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, reading.digests[name] ?? null]))
  return { settings: pick(profile.settings), sentinels: pick(profile.sentinels), wanUp: reading.wanUp }
}

function wanUp(value: string | undefined, { wanStatus }: ModelProfile): boolean | null {
  return value === undefined || value === '' ? null : wanStatus.upValues.includes(value)
}

function versionFrom(value: string | undefined): string | null {
  return value === undefined || value === '' || value.length > 64 ? null : value
}
