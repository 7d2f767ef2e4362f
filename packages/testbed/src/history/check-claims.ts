import type { History, Violation } from './history.ts'
import { isClaim, movesOf } from './replay.ts'

/** No claim is committed unless the campaign runs, was agreed to where that was asked for, and the wave is open. */
export function checkClaims(history: History): Violation[] {
  return [...checkStates(history), ...checkApprovals(history)]
}

/** A campaign that needs a second person starts after another one than its creator has agreed. */
function checkApprovals(history: History): Violation[] {
  const creators = new Map<string | null, string>()
  const waiting = new Set<string | null>()
  const violations: Violation[] = []
  for (const { kind, campaignId, actor, data, seq } of history.rows) {
    if (kind === 'campaign.created') creators.set(campaignId, actor)
    const needed = (data as { approvalNeeded?: readonly string[] } | null)?.approvalNeeded
    if (needed !== undefined && needed.length > 0) waiting.add(campaignId)
    if (kind === 'campaign.approved' && actor !== creators.get(campaignId)) waiting.delete(campaignId)
    const isStart = kind === 'campaign.moved' && (data as { to: string }).to === 'running'
    if (isStart && waiting.has(campaignId)) {
      violations.push({ rule: 'a_second_person_agreed', detail: `${campaignId} was started without one`, seq })
    }
  }
  return violations
}

function checkStates(history: History): Violation[] {
  const violations: Violation[] = []
  const states = new Map<string, string>()
  const open = new Set<string>()
  const closed = new Set<string>()
  for (const row of history.rows) {
    if (row.campaignId === null) continue
    if (row.kind === 'campaign.moved') states.set(row.campaignId, (row.data as { to: string }).to)
    if (row.kind === 'campaign.wave_opened') open.add(`${row.campaignId} ${(row.data as { wave: number }).wave}`)
    if (row.kind === 'campaign.closed') closed.add(row.campaignId)
    const [moved] = movesOf({ rows: [row] })
    if (moved === undefined || !isClaim(moved)) continue
    const state = states.get(row.campaignId) ?? 'ready'
    if (state !== 'running') {
      const detail = `${moved.upgradeId} was offered while ${row.campaignId} was ${state}`
      violations.push({ rule: 'no_claim_unless_running', detail, seq: row.seq })
    }
    if (closed.has(row.campaignId)) {
      const detail = `${moved.upgradeId} was offered after ${row.campaignId} was closed`
      violations.push({ rule: 'no_claim_after_the_closing', detail, seq: row.seq })
    }
    if (!open.has(`${row.campaignId} ${moved.wave}`)) {
      const detail = `${moved.upgradeId} was offered before wave ${moved.wave} was open`
      violations.push({ rule: 'no_claim_in_a_closed_wave', detail, seq: row.seq })
    }
  }
  return violations
}
