import type { RefusalReason, Slowness } from './attempt.ts'
import type { Snapshot } from './snapshot.ts'

/** Something that happened, at `at` (epoch ms). `id` names it in the journal; the machine itself never needs it to deduplicate. */
export type Fact = { id: string; at: number } & FactBody

export type FactBody =
  | {
      kind: 'claim_committed'
      attemptId: string
      fromVersion: string
      snapshotBefore: Snapshot | null
      /** What this model takes longer for than the policy allows, in ms. */
      slowness?: Slowness
    }
  | { kind: 'informed'; softwareVersion: string; events: InformEvent[] }
  | { kind: 'download_answered'; attemptId: string; status: 0 | 1 }
  | { kind: 'download_faulted'; attemptId: string; faultCode: number; faultString: string }
  | { kind: 'download_unanswered'; attemptId: string }
  | { kind: 'transfer_completed'; commandKey: string; faultCode: number; faultString: string }
  | { kind: 'queued_transfers_listed'; askedFor: string; attemptIds: string[] }
  | { kind: 'queued_transfers_unsupported' }
  | { kind: 'cancel_answered'; attemptId: string; faultCode: number }
  | ({ kind: 'snapshot_read' } & Snapshot)
  | { kind: 'first_byte_served'; attemptId: string }
  | { kind: 'last_byte_served'; attemptId: string }
  | { kind: 'download_refused'; attemptId: string; reason: RefusalReason }
  | { kind: 'time_passed' }
  | { kind: 'withdrawn'; reason: 'cancelled' | 'superseded' | 'skipped'; detail: string }
  | { kind: 'cancel_requested' }
  | { kind: 'artifact_revoked' }

export type FactKind = FactBody['kind']

/** An Inform event as on the wire: code "1 BOOT", "0 BOOTSTRAP", "M Download" (TR-069 3.7.1.5). */
export interface InformEvent {
  code: string
  commandKey: string
}
