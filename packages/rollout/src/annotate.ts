import type { Attempt } from './attempt.ts'
import type { Annotation, Upgrade } from './upgrade.ts'

/** What is worth knowing beside the outcome. Annotations are only ever added. */
export function annotationsOf(upgrade: Upgrade): Annotation[] {
  if (upgrade.state === 'pending') return upgrade.annotations
  const attempt = upgrade.state === 'retry' || upgrade.state === 'settled' ? upgrade.last : upgrade.attempt
  const found = new Set<Annotation>([...upgrade.annotations, ...(attempt ? saidBy(attempt) : [])])
  if (upgrade.state === 'verifying' && upgrade.late) found.add('reported_late')
  if (upgrade.state === 'settled') {
    const { outcome } = upgrade
    const success = outcome.kind === 'verified' || outcome.kind === 'verified_config_lost'
    if (success && attempt?.transferFault) found.add('success_despite_fault')
    if (success && attempt && attempt.completedAt === null) found.add('no_transfer_complete')
    if (outcome.kind === 'verified' && outcome.settings === 'unknown') found.add('settings_unknown')
    if (outcome.kind === 'verified_config_lost' && outcome.changed.length > 0) found.add('settings_changed')
    if (outcome.kind === 'verified' && outcome.settings === 'restored') found.add('restored')
    if (outcome.kind === 'verified_config_lost' && outcome.restored !== undefined) found.add('restored_in_part')
    if ((outcome.kind === 'verified' || outcome.kind === 'verified_config_lost') && outcome.checks === 'unknown')
      found.add('checks_unknown')
  }
  return [...found].sort()
}

function saidBy(attempt: Attempt): Annotation[] {
  const said: Annotation[] = []
  if (attempt.bootstrapAt !== null) said.push('bootstrap_after_offer')
  if (attempt.commandKeyUnknown) said.push('command_key_unknown')
  if (attempt.revokedAt !== null) said.push('artifact_revoked')
  if (attempt.cancelAnswer !== null && attempt.cancelAnswer.faultCode !== 0) said.push('cancel_refused')
  return said
}
