import type { Answer, Knowledge, Move } from './task.ts'

/**
 * A watched device whose Inform does not carry its version is asked for it before anything else (quirk 11): what it
 * said is only then worth reporting.
 */
export function beginVersion({ profile }: Knowledge): Move {
  const call = { kind: 'get_parameter_values', names: [profile.versionParameter] } as const
  return { next: { kind: 'call', call, progress: { kind: 'version' } } }
}

export function continueVersion(answer: Answer, { session, watch, record }: Knowledge): Move {
  const next = { kind: 'done' } as const
  if (answer.kind !== 'response' || answer.message.kind !== 'get_parameter_values_response') return { next }
  const softwareVersion = answer.message.parameters[0]?.value.trim() ?? ''
  if (softwareVersion === '' || softwareVersion.length > 64) return { next }
  const isNews = watch !== null && (watch.mode === 'open' || softwareVersion !== record.lastVersion)
  const events = [...(session.unversioned ?? [])]
  return { next, softwareVersion, ...(isNews ? { facts: [{ kind: 'informed', softwareVersion, events }] } : {}) }
}
