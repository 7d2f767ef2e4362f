import type { Effect } from './effects.ts'
import type { Upgrade } from './upgrade.ts'

/** What the world needs to hear about a move. */
export function effectsBetween(before: Upgrade, after: Upgrade): Effect[] {
  const effects: Effect[] = []
  if (
    stageName(after) === 'in_doubt' &&
    stageName(before) !== 'in_doubt' &&
    'attempt' in after &&
    !after.attempt.queueUnsupported
  )
    effects.push({ kind: 'place_check', attemptId: after.attempt.attemptId })
  if (after.state === 'cancelling' && before.state !== 'cancelling')
    effects.push({ kind: 'place_cancel', attemptId: after.attempt.attemptId })
  if (after.state === 'retry' && before.state !== 'retry')
    effects.push({ kind: 'place_hint', notBefore: after.retryAt })
  return [...effects, ...lessonBetween(before, after), ...alarmsBetween(before, after)]
}

/** A device that had refused one set of arguments took the other one. */
function lessonBetween(before: Upgrade, after: Upgrade): Effect[] {
  if (!hasAnswered(after) || hasAnswered(before)) return []
  if (!after.tries.some(({ reason }) => reason === 'arguments_refused')) return []
  const lesson = after.downloadArguments === 'other' ? 'takes_other_arguments' : 'takes_usual_arguments'
  return [{ kind: 'learn_model', lesson, afterDevices: 1 }]
}

const hasAnswered = (upgrade: Upgrade): boolean => 'attempt' in upgrade && upgrade.attempt.answered !== null

/** Where the try is, whether or not it is being cancelled. */
function stageName(upgrade: Upgrade): string {
  return upgrade.state === 'cancelling' ? upgrade.back : upgrade.state
}

function alarmsBetween(before: Upgrade, after: Upgrade): Effect[] {
  const code = alarmOf(after)
  return code === null || code === alarmOf(before) ? [] : [{ kind: 'alarm', code, aboveShareOfWave: null }]
}

function alarmOf(upgrade: Upgrade): 'unexpected_version' | 'regressed' | null {
  if (upgrade.state !== 'settled') return null
  if (upgrade.outcome.kind === 'regressed') return 'regressed'
  return upgrade.outcome.kind === 'failed' && upgrade.outcome.reason === 'unexpected_version'
    ? 'unexpected_version'
    : null
}
