import type { ObservedFact } from '@sluice/contracts'
import type { DownloadGrant } from '@sluice/firmware'
import type { Clock } from '@sluice/runtime'
import type { createAttemptMemories } from './attempt-memory.ts'
import { METRICS } from './observability.ts'
import type { FactReporter } from './report-facts.ts'

export type RefusalReason = Extract<ObservedFact, { kind: 'download_refused' }>['reason']

/** Whose transfer it is. */
export type Attempt = Pick<DownloadGrant, 'attemptId' | 'upgradeId'>

/** What becomes of transfers, told to the scheduler: each fact once. */
export interface TransferTeller {
  /** The device has, by its own word, so many bytes from the first on. */
  vouched(attempt: Attempt, bytes: number): void
  /** Its first byte is under way, in hands that will tell later how many there were. */
  began(attempt: Attempt): void
  /** Bytes `[from, to)` of an image of `size` have left. */
  served(attempt: Attempt, size: number, piece: { readonly from: number; readonly to: number }): void
  refused(attempt: Attempt, reason: RefusalReason): void
}

const REFUSAL_TOLD_AGAIN_MS = 60_000

export function createTransferTeller(
  facts: FactReporter,
  attempts: ReturnType<typeof createAttemptMemories>,
  clock: Clock,
): TransferTeller {
  const tellFirstByte = ({ attemptId, upgradeId }: Attempt) => {
    const memory = attempts.of(attemptId)
    if (memory.firstByteTold) return
    memory.firstByteTold = true
    facts.report(upgradeId, { kind: 'first_byte_served', attemptId, bytes: memory.served.total() })
  }
  return {
    vouched: ({ attemptId }, bytes) => attempts.of(attemptId).held.add(0, bytes),
    began: tellFirstByte,
    served(attempt, size, { from, to }) {
      if (to <= from) return
      METRICS.bytes.add(to - from)
      const { attemptId, upgradeId } = attempt
      const memory = attempts.of(attemptId)
      memory.served.add(from, to)
      memory.held.add(from, to)
      tellFirstByte(attempt)
      if (memory.lastByteTold || memory.held.total() < size) return
      memory.lastByteTold = true
      facts.report(upgradeId, { kind: 'last_byte_served', attemptId, bytes: memory.served.total() })
    },
    /** A device that hammers is told about once a minute. */
    refused({ attemptId, upgradeId }, reason) {
      METRICS.refusals.add(1, { reason })
      const { refusalToldAt } = attempts.of(attemptId)
      const now = clock.now()
      if (now - (refusalToldAt.get(reason) ?? -Infinity) < REFUSAL_TOLD_AGAIN_MS) return
      refusalToldAt.set(reason, now)
      facts.report(upgradeId, { kind: 'download_refused', attemptId, reason })
    },
  }
}
