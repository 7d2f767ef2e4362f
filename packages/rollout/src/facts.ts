import type { RefusalReason, Schedule, Slowness } from './attempt.ts'
import type { Release } from './retarget.ts'
import type { CheckVerdict } from './check-list.ts'
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
      /** Its model has a check list. */
      hasChecks?: boolean
      /** Settings of it were kept. */
      settingsKept?: boolean
      /** The leg that fits the version the device reports now. Absent: what was planned. */
      release?: Release
      /** DelaySeconds of the Download, in ms. */
      delayMs?: number
      /** The subscriber's IANA zone, where windows are asked of it. Absent: the zone each window names. */
      zone?: string
      /** Told by ScheduleDownload, with these windows. */
      schedule?: Schedule
      /** What other devices of its model took: for a device that has refused nothing yet. */
      downloadArguments?: 'usual' | 'other'
    }
  /** `retryCount`: how often this session was tried before (TR-069 3.2.1.1). Absent: 0. */
  | { kind: 'informed'; softwareVersion: string; events: InformEvent[]; retryCount?: number }
  | { kind: 'download_answered'; attemptId: string; status: 0 | 1 }
  | { kind: 'download_faulted'; attemptId: string; faultCode: number; faultString: string }
  | { kind: 'download_unanswered'; attemptId: string }
  | { kind: 'transfer_completed'; commandKey: string; faultCode: number; faultString: string }
  | { kind: 'queued_transfers_listed'; askedFor: string; attemptIds: string[] }
  | { kind: 'queued_transfers_unsupported' }
  | { kind: 'cancel_answered'; attemptId: string; faultCode: number }
  | ({ kind: 'snapshot_read' } & Snapshot)
  /** The model's check list, by name, as it reads on the target version. */
  | { kind: 'checks_read'; attemptId: string; checks: Record<string, CheckVerdict> }
  /** Settings that a gateway put back after 10.a, and those the device refused. */
  | { kind: 'settings_restored'; attemptId: string; names: string[]; refused: { name: string; faultCode: number }[] }
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
