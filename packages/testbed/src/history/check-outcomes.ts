import { type Fate, fateOf } from './device-fate.ts'
import type { DeviceLine, History, Violation } from './history.ts'
import { type Moved, isClaim, isOutcome, movesOf } from './replay.ts'
import { tellStory } from './tell-story.ts'

/** Every outcome is what the device's own record says became of it. */
export function checkOutcomes(history: History): Violation[] {
  const moves = movesOf(history)
  const attempts = new Map<string, Set<string>>()
  const last = new Map<string, Moved>()
  for (const moved of moves) {
    last.set(moved.upgradeId, moved)
    if (!isClaim(moved)) continue
    const known = attempts.get(moved.upgradeId) ?? new Set()
    attempts.set(moved.upgradeId, known.add(moved.fact.attemptId ?? ''))
  }
  const byUpgrade = Map.groupBy(moves, ({ upgradeId }) => upgradeId)
  const violations: Violation[] = []
  for (const [upgradeId, { deviceKey, to, row }] of last) {
    const lines = history.devices.get(deviceKey)
    if (lines === undefined || !isOutcome(to)) continue
    const fate = fateOf(lines, attempts.get(upgradeId) ?? new Set())
    const itsMoves = byUpgrade.get(upgradeId) ?? []
    const outcome = outcomeSaid(itsMoves) ?? to
    if (!allowed(fate, itsMoves, lines).includes(outcome)) {
      const detail = `${upgradeId} of ${lines[0]?.deviceName} is ${outcome}, its device says ${JSON.stringify(fate)}`
      violations.push({ rule: 'outcome_is_the_devices', detail, seq: row.seq, story: tellStory(itsMoves, lines) })
    }
  }
  const defects = [...history.devices.values()].flat().filter(({ what }) => what === 'defect')
  const inSimulator = defects.map(({ deviceName, reason }) => ({
    rule: 'devices_are_sane',
    detail: `${deviceName}: ${reason}`,
  }))
  return [...violations, ...inSimulator]
}

/** The last outcome with what makes it one: `failed image_rejected`, `timed_out silent`. */
function outcomeSaid(itsMoves: readonly Moved[]): string | undefined {
  const outcome = itsMoves.findLast((moved) => moved.outcome !== undefined)?.outcome
  if (outcome?.kind === 'failed') return `failed ${outcome.reason}`
  if (outcome?.kind === 'timed_out') return `timed_out ${outcome.contact}`
  return outcome?.kind
}

/** All that can be known of a device that informs and never says what became of its Download. */
const UNTOLD = 'timed_out stalled'

const NOT_OFFERED = ['skipped', 'superseded', 'cancelled']

function allowed(fate: Fate, itsMoves: readonly Moved[], lines: readonly DeviceLine[]): readonly string[] {
  const heard = (since: number) => itsMoves.some(({ fact, row }) => fact.kind === 'informed' && row.at >= since)
  switch (fate.kind) {
    case 'untouched':
      return leftInDoubt(itsMoves) && cannotList(lines) ? [...NOT_OFFERED, UNTOLD] : NOT_OFFERED
    // It has the Download and does nothing about it, or nothing that it could write down.
    case 'under_way':
      return ['timed_out stalled', 'timed_out silent', 'failed download_failed', 'cancelled']
    case 'cancelled':
      return ['cancelled']
    case 'download_refused':
      return ['failed download_refused_by_device', 'skipped', 'cancelled']
    case 'download_failed':
      return fate.told ? ['failed download_failed', 'cancelled'] : ['failed download_failed', 'cancelled', UNTOLD]
    case 'image_refused':
      return fate.told ? ['failed image_rejected'] : ['failed image_rejected', UNTOLD]
    case 'fell_back':
      return ['rolled_back', 'regressed']
    case 'silent':
      // An Inform around its last step does not make a device that fell silent one that still informs.
      return heard(fate.since) ? ['timed_out silent', 'timed_out stalled'] : ['timed_out silent']
    case 'running_new':
      return allowedOnNew(fate, itsMoves)
  }
}

function allowedOnNew(
  { settings, boots, broken }: Extract<Fate, { kind: 'running_new' }>,
  itsMoves: readonly Moved[],
): readonly string[] {
  const isTold = (kind: string) => itsMoves.some(({ fact }) => fact.kind === kind)
  if (broken && isTold('checks_read')) return ['failed check_failed']
  const usual = () => {
    if (settings === 'kept') return 'verified'
    if (settings === 'lost') return 'failed not_provisioned'
    // By us: by anybody else it was lost all the same.
    return settings === 'regained' && isTold('settings_restored') ? 'verified' : 'verified_config_lost'
  }
  // Whether they fell into one soak time only the timers know.
  return boots > LOOP_BOOTS ? [usual(), 'failed reboot_loop'] : [usual()]
}

/** Boots beyond the first, of a policy that says no other number. */
const LOOP_BOOTS = 3

/** Its last claim was lost with a session; it was asked for its transfers since, and was given up in doubt. */
function leftInDoubt(itsMoves: readonly Moved[]): boolean {
  const sinceClaim = itsMoves.slice(itsMoves.findLastIndex(isClaim))
  const isAsked = sinceClaim.some(({ fact }) => fact.kind === 'queued_transfers_unsupported')
  return isAsked && sinceClaim.find(({ outcome }) => outcome !== undefined)?.from === 'in_doubt'
}

/** It says itself that it has no such method (TR-069 A.4.1.7, A.5.1): nobody can know what it holds. */
function cannotList(lines: readonly DeviceLine[]): boolean {
  return lines.some(({ method, fault }) => method === 'GetAllQueuedTransfers' && fault === METHOD_NOT_SUPPORTED)
}

const METHOD_NOT_SUPPORTED = 9000
