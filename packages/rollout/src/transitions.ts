import type { FactBody } from './facts.ts'
import type { Policy } from './policy.ts'
import { defaultPolicy } from './policy.ts'
import type { Snapshot } from './snapshot.ts'
import { step } from './step.ts'
import type { Upgrade } from './upgrade.ts'
import { planUpgrade } from './upgrade.ts'

export interface Transition {
  from: string
  fact: string
  to: string
}

const before: Snapshot = { settings: { ssid: 'a' }, sentinels: { mark: 'm' }, wanUp: true }
const boot = [{ code: '1 BOOT', commandKey: '' }]
const bootstrap = [{ code: '0 BOOTSTRAP', commandKey: '' }, ...boot]

function alphabet(attemptId: string): [name: string, fact: FactBody][] {
  const informed = (softwareVersion: string, events: typeof boot = []): FactBody => ({
    kind: 'informed',
    softwareVersion,
    events,
  })
  return [
    ['download answered 1', { kind: 'download_answered', attemptId, status: 1 }],
    ['download answered 0', { kind: 'download_answered', attemptId, status: 0 }],
    ['download unanswered', { kind: 'download_unanswered', attemptId }],
    ['download faulted 9003', { kind: 'download_faulted', attemptId, faultCode: 9003, faultString: '' }],
    ['download faulted 9000', { kind: 'download_faulted', attemptId, faultCode: 9000, faultString: '' }],
    ['queue lists it', { kind: 'queued_transfers_listed', askedFor: attemptId, attemptIds: [attemptId] }],
    ['queue lacks it', { kind: 'queued_transfers_listed', askedFor: attemptId, attemptIds: [] }],
    ['first byte', { kind: 'first_byte_served', attemptId }],
    ['last byte', { kind: 'last_byte_served', attemptId }],
    ['transfer complete 0', { kind: 'transfer_completed', commandKey: attemptId, faultCode: 0, faultString: '' }],
    ['transfer fault 9017', { kind: 'transfer_completed', commandKey: attemptId, faultCode: 9017, faultString: '' }],
    ['transfer fault 9018', { kind: 'transfer_completed', commandKey: attemptId, faultCode: 9018, faultString: '' }],
    ['transfer fault 9020', { kind: 'transfer_completed', commandKey: attemptId, faultCode: 9020, faultString: '' }],
    ['old version', informed('1.0')],
    ['boot, old version', informed('1.0', boot)],
    ['target version', informed('2.0')],
    ['bootstrap, target version', informed('2.0', bootstrap)],
    ['third version', informed('9.9')],
    ['snapshot same', { kind: 'snapshot_read', ...before }],
    ['snapshot differs', { kind: 'snapshot_read', ...before, settings: { ssid: 'z' } }],
    ['sentinels gone', { kind: 'snapshot_read', settings: {}, sentinels: { mark: null }, wanUp: null }],
    ['settings put back', { kind: 'settings_restored', attemptId, names: ['ssid'], refused: [] }],
    ['checks passed', { kind: 'checks_read', attemptId, checks: { voip: 'passed' } }],
    ['a check failed', { kind: 'checks_read', attemptId, checks: { voip: 'failed' } }],
    ['cancel requested', { kind: 'cancel_requested' }],
    ['cancel answered ok', { kind: 'cancel_answered', attemptId, faultCode: 0 }],
    ['cancel answered 9021', { kind: 'cancel_answered', attemptId, faultCode: 9021 }],
    ['skipped', { kind: 'withdrawn', reason: 'skipped', detail: '' }],
    ['superseded', { kind: 'withdrawn', reason: 'superseded', detail: '' }],
    ['cancelled', { kind: 'withdrawn', reason: 'cancelled', detail: '' }],
  ]
}

/** With all that a campaign can ask for; one boot too many is a loop, so that the walk gets there. */
const walked: Policy = { ...defaultPolicy, confirmation: true, restoreSettings: true, rebootLoopBoots: 1 }

/**
 * The machine as it is, found by walking it, not as it is described: every move between two states that a
 * short history of one device can make.
 */
export function* transitions(policy: Policy = walked): Generator<Transition> {
  const start = planUpgrade({
    upgradeId: 'upg',
    campaignId: 'cmp',
    deviceKey: 'dev',
    targetVersions: ['2.0'],
    imageBytes: 1,
  })
  const seen = new Set<string>()
  const visited = new Set<string>()
  let edge: { upgrade: Upgrade; at: number }[] = [{ upgrade: start, at: 0 }]
  while (edge.length > 0) {
    const next: typeof edge = []
    for (const { upgrade, at } of edge)
      for (const move of movesFrom(upgrade, at, policy)) {
        const { upgrade: moved } = step(upgrade, { id: '', at: move.at, ...move.fact }, policy)
        const [from, to] = [nameOf(upgrade), nameOf(moved)]
        const key = `${from}|${move.name}|${to}`
        if (from !== to && !seen.has(key)) {
          seen.add(key)
          yield { from, fact: move.name, to }
        }
        const shape = shapeOf(moved)
        if (moved !== upgrade && moved.attempts <= 1 && !visited.has(shape)) {
          visited.add(shape)
          next.push({ upgrade: moved, at: move.at })
        }
      }
    edge = next
  }
}

function movesFrom(upgrade: Upgrade, at: number, policy: Policy): { name: string; fact: FactBody; at: number }[] {
  const attemptId = `fw${String(upgrade.attempts).padStart(26, '0')}`
  const later = at + Math.max(policy.timers.soakMs, policy.timers.graceMs) + 1000
  const claim: FactBody = {
    kind: 'claim_committed',
    attemptId: `fw${String(upgrade.attempts + 1).padStart(26, '0')}`,
    fromVersion: '1.0',
    snapshotBefore: before,
    hasChecks: true,
    settingsKept: true,
  }
  const known = alphabet(attemptId).map(([name, fact]) => ({
    name,
    fact,
    at: fact.kind === 'informed' || fact.kind === 'checks_read' ? later : at + 1000,
  }))
  const time: FactBody = { kind: 'time_passed' }
  return [
    { name: 'claim committed', fact: claim, at: at + 1000 },
    ...known,
    {
      name: 'boot again, target version',
      fact: { kind: 'informed', softwareVersion: '2.0', events: boot },
      at: at + 1000,
    },
    ...(upgrade.dueAt === null ? [] : [{ name: 'time passed', fact: time, at: Math.max(upgrade.dueAt, at) }]),
  ]
}

function nameOf(upgrade: Upgrade): string {
  if (upgrade.state === 'verifying' && upgrade.late) return 'verifying (late)'
  if (upgrade.state !== 'settled') return upgrade.state
  const { outcome } = upgrade
  if (outcome.kind === 'failed') return `failed (${outcome.reason})`
  return outcome.kind === 'timed_out' ? `timed_out (${outcome.stage}, ${outcome.contact})` : outcome.kind
}

/** States that differ only in their times are one place of the walk. */
function shapeOf(upgrade: Upgrade): string {
  const attempt =
    upgrade.state === 'pending'
      ? null
      : upgrade.state === 'retry' || upgrade.state === 'settled'
        ? upgrade.last
        : upgrade.attempt
  const known = attempt && [
    attempt.boots,
    attempt.lastByteAt,
    attempt.onTarget,
    attempt.after.readAt,
    attempt.bootstrapAt,
    attempt.onTarget !== null && attempt.onTarget.lastAt > attempt.onTarget.sinceAt ? true : null,
    attempt.checks ?? null,
    attempt.restored ?? null,
    attempt.cancelRequestedAt,
    attempt.cancelAnswer,
  ]
  const shape = (known ?? []).map((value) => value !== null).join()
  const back = upgrade.state === 'cancelling' ? upgrade.back : ''
  return `${nameOf(upgrade)}|${back}|${shape}|${upgrade.state === 'settled' && upgrade.final}`
}

/** The same as a Mermaid state diagram. */
export function drawTransitions(all: Iterable<Transition>): string {
  const arrows = new Map<string, string[]>()
  for (const { from, fact, to } of all) {
    const arrow = `${id(from)} --> ${id(to)}`
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), fact])
  }
  return ['stateDiagram-v2', ...[...arrows].map(([arrow, facts]) => `  ${arrow}: ${facts.join(' / ')}`)].join('\n')
}

const id = (name: string): string => name.replace(/[^a-z0-9]+/gi, '_').replace(/_$/, '')
