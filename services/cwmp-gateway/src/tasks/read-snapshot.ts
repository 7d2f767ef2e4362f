import type { Snapshot } from '@sluice/contracts'
import type { GetParameterValues } from '@sluice/cwmp'
import type { ModelProfile } from '@sluice/model-profiles'
import { batchesOf, halved, type NameBatches } from './name-batches.ts'
import type { Answer, Knowledge } from './task.ts'

/** A snapshot on its way: what is still to be asked, and what was read. */
export interface Reading {
  readonly batches: NameBatches
  readonly digests: Readonly<Record<string, string | null>>
  readonly wanUp: boolean | null
  /** Where the Inform did not carry it. */
  readonly softwareVersion: string | null
}

export function beginReading({ profile, session }: Pick<Knowledge, 'profile' | 'session'>): Reading {
  const names = [...new Set([...profile.settings, ...profile.sentinels, profile.wanStatus.path])]
  if (session.model.softwareVersion === null) names.push(profile.versionParameter)
  return {
    batches: batchesOf(names, profile.namesPerRead),
    digests: {},
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
  return { ...reading, batches: halved(reading.batches, answer) ?? rest }
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
