import type { DeviceLine, History, Violation } from './history.ts'
import { HOLDING, isClaim, movesOf } from './replay.ts'

/** When an attempt was committed and when the journal let its device go; epoch ms. */
interface Held {
  readonly deviceKey: string
  readonly from: number
  until: number
}

/** One open attempt per device, by the journal; and by the devices: every Download was committed before, none came twice or on top of another. */
export function checkAttempts(history: History): Violation[] {
  const { attempts, violations } = replayHolds(history)
  for (const [deviceKey, lines] of history.devices) {
    violations.push(...checkReceived(deviceKey, lines, attempts))
  }
  return violations
}

function replayHolds(history: History): { attempts: Map<string, Held>; violations: Violation[] } {
  const violations: Violation[] = []
  const attempts = new Map<string, Held>()
  const holder = new Map<string, { upgradeId: string; attemptId: string }>()
  for (const moved of movesOf(history)) {
    const { deviceKey, upgradeId, to, fact, row } = moved
    if (isClaim(moved)) {
      const attemptId = fact.attemptId ?? ''
      const open = holder.get(deviceKey)
      if (open !== undefined) {
        const detail = `${deviceKey} was offered ${attemptId} while ${open.attemptId} was open`
        violations.push({ rule: 'one_open_attempt', detail, seq: row.seq })
      }
      if (attempts.has(attemptId)) {
        violations.push({ rule: 'attempt_ids_are_new', detail: `${attemptId} was committed twice`, seq: row.seq })
      }
      holder.set(deviceKey, { upgradeId, attemptId })
      attempts.set(attemptId, { deviceKey, from: row.at, until: Infinity })
    } else if (holder.get(deviceKey)?.upgradeId === upgradeId && !HOLDING.has(to)) {
      attempts.get(holder.get(deviceKey)!.attemptId)!.until = row.at
      holder.delete(deviceKey)
    }
  }
  return { attempts, violations }
}

function checkReceived(deviceKey: string, lines: readonly DeviceLine[], attempts: Map<string, Held>): Violation[] {
  const violations: Violation[] = []
  const received: string[] = []
  for (const { what, commandKey = '', at } of lines) {
    if (what !== 'download_received') continue
    if (received.includes(commandKey)) {
      violations.push({ rule: 'one_download_per_attempt', detail: `${deviceKey} received ${commandKey} again` })
    }
    const attempt = attempts.get(commandKey)
    if (attempt?.deviceKey !== deviceKey) {
      const detail = `${deviceKey} received ${commandKey}, which was never committed for it`
      violations.push({ rule: 'committed_before_download', detail })
    } else if (attempt.from > Date.parse(at)) {
      const detail = `${deviceKey} received ${commandKey} before it was committed`
      violations.push({ rule: 'committed_before_download', detail })
    }
    const open = received.find((key) => key !== commandKey && (attempts.get(key)?.until ?? 0) > Date.parse(at))
    if (open !== undefined) {
      const detail = `${deviceKey} received ${commandKey} while ${open} was open`
      violations.push({ rule: 'one_download_at_a_time', detail })
    }
    received.push(commandKey)
  }
  return violations
}
