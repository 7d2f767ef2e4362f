import { type InputOf, type OutputOf, type Reply, answered, type settingsKept } from '@sluice/contracts'
import { type Upgrade, lastAttempt } from '@sluice/rollout'
import type { Parts } from '../parts.ts'
import { keptSettingsOf } from '../store/kept-settings.ts'
import type { UpgradeRow } from '../store/upgrades.ts'

/** For the gateway that has the device on the line, which alone can open them. */
export async function readKeptSettings(
  { sql }: Pick<Parts, 'sql'>,
  { attemptId, deviceKey }: InputOf<typeof settingsKept>,
): Promise<Reply<OutputOf<typeof settingsKept>>> {
  const settings = await keptSettingsOf(sql, attemptId, deviceKey)
  return answered(settings === undefined ? { kind: 'gone' } : { kind: 'kept', settings })
}

/** Upgrades that will not put anything back any more, whatever comes late. */
export function doneWithSettings(
  changed: readonly { readonly before: UpgradeRow; readonly after: UpgradeRow }[],
): string[] {
  return changed
    .filter(({ before, after }) => mayPutBack(before.machine) && !mayPutBack(after.machine))
    .map(({ after }) => after.upgradeId)
}

/** A success is not reopened to be put right; what failed or timed out may come back until it is final. */
function mayPutBack(machine: Upgrade): boolean {
  if (lastAttempt(machine)?.keepsSettings !== true) return false
  if (machine.state !== 'settled') return true
  return !machine.final && machine.outcome.kind !== 'verified' && machine.outcome.kind !== 'verified_config_lost'
}
