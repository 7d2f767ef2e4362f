import type {
  credentialConfirm,
  credentialIssue,
  InputOf,
  ObservedFact,
  OutputOf,
  settingsKept,
  Task,
  taskClaim,
  taskReport,
  upgradeClaim,
  Watch,
} from '@sluice/contracts'
import type { CpeFault, CpeResponse } from '@sluice/cwmp'
import type { HotRecord, RecordChange } from '@sluice/hot-store'
import type { ModelProfile } from '@sluice/model-profiles'
import type { Call, Session } from '../session/session.ts'
import type { KeptValue } from '../settings-seal.ts'
import type { PuttingBack } from './put-back.ts'
import type { Reading } from './read-snapshot.ts'
import type { ValuesReading } from './read-values.ts'

export type ClaimInput = InputOf<typeof upgradeClaim>
export type ClaimAnswer = OutputOf<typeof upgradeClaim>
export type CallClaim = OutputOf<typeof taskClaim>
type Unsigned<T> = T extends unknown ? Omit<T, 'deviceKey' | 'at'> : never
/** What became of an operator's call, for device-tasks. Device and time are added where it is sent. */
export type TaskReport = Unsigned<InputOf<typeof taskReport>['items'][number]>

/** How far a task has come, between two POSTs. */
export type Progress =
  | { readonly kind: 'upgrade'; readonly task: UpgradeTask; readonly stage: UpgradeStage }
  | { readonly kind: 'check'; readonly attemptId: string; readonly revision: number }
  | { readonly kind: 'cancel'; readonly attemptId: string; readonly revision: number }
  | { readonly kind: 'verify'; readonly attemptId: string; readonly stage: VerifyStage }
  | { readonly kind: 'contact'; readonly attemptId: string }
  | { readonly kind: 'put_back'; readonly attemptId: string; readonly stage: PutBackStage }
  | { readonly kind: 'version' }
  | { readonly kind: 'call'; readonly task: CallTask; readonly stage: CallStage }
  | { readonly kind: 'rekey'; readonly stage: 'issuing' | 'setting' | 'confirming' }

export type UpgradeTask = Extract<Task, { kind: 'upgrade' }>
export type CallTask = Extract<Task, { kind: 'call' }>
export type UpgradeStage =
  /** Whether it takes ScheduleDownload. */
  | { readonly kind: 'asking_methods' }
  | { readonly kind: 'reading'; readonly reading: Reading; readonly takesSchedule?: boolean }
  | { readonly kind: 'claiming' }
  | { readonly kind: 'backing_up' }
  | { readonly kind: 'downloading'; readonly attemptId: string; readonly argumentSet: 'all' | 'minimal' }
  | { readonly kind: 'scheduling'; readonly attemptId: string }
export type VerifyStage = { readonly kind: 'reading'; readonly reading: Reading } | { readonly kind: 'planting' }
export type PutBackStage =
  | { readonly kind: 'asking' }
  | { readonly kind: 'reading'; readonly puttingBack: PuttingBack }
  | { readonly kind: 'writing'; readonly puttingBack: PuttingBack }
export type CallStage =
  | { readonly kind: 'claiming' }
  | { readonly kind: 'calling' }
  | { readonly kind: 'reading'; readonly reading: ValuesReading }

/** What a task has to know from another service before it goes on, asked within one POST. */
export type Question =
  | { readonly kind: 'upgrade_claim'; readonly input: ClaimInput }
  | { readonly kind: 'call_claim'; readonly input: InputOf<typeof taskClaim> }
  | { readonly kind: 'settings_kept'; readonly input: InputOf<typeof settingsKept> }
  | { readonly kind: 'credential_issue'; readonly input: InputOf<typeof credentialIssue> }
  | { readonly kind: 'credential_confirm'; readonly input: InputOf<typeof credentialConfirm> }

/** The answers to a Question; `unclaimed`: nobody answered. */
export type ToldAnswer =
  | { readonly kind: 'claimed'; readonly answer: ClaimAnswer }
  | { readonly kind: 'call_claimed'; readonly answer: CallClaim }
  | { readonly kind: 'issued'; readonly credential: OutputOf<typeof credentialIssue> }
  /** By path, sealed; null: there are none. */
  | { readonly kind: 'kept'; readonly settings: Readonly<Record<string, string>> | null }
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'unclaimed' }

/** What a task waits for. `unanswered`: the CPE went on without an answer. */
export type Answer =
  | { readonly kind: 'response'; readonly message: CpeResponse }
  | {
      readonly kind: 'fault'
      readonly code: number
      readonly text: string
      readonly parameters: CpeFault['parameterFaults']
    }
  | { readonly kind: 'unanswered' }
  | ToldAnswer

/** What a task does next, and what it learned and changes on the way. */
export interface Move {
  readonly next:
    | { readonly kind: 'call'; readonly call: Call; readonly progress: Progress }
    | { readonly kind: 'ask'; readonly question: Question; readonly progress: Progress }
    | { readonly kind: 'done' }
    /** Done, and so is the session: without the scheduler there is nothing to go on with. */
    | { readonly kind: 'end_session' }
  readonly facts?: readonly ObservedFact[]
  readonly reports?: readonly TaskReport[]
  readonly changes?: readonly RecordChange[]
  /** What the device runs, where its Inform did not say. */
  readonly softwareVersion?: string
}

/** What a step may know besides the session. `now` in epoch ms. */
export interface Knowledge {
  readonly now: number
  readonly record: HotRecord
  readonly profile: ModelProfile
  /** Keyed digest of a parameter's value on this device; null for an empty one, which says nothing. */
  readonly digest: (name: string, value: string) => string | null
  /** Seals settings of this device, and opens them again. Null: gateways have no key for that. */
  readonly keeping: Keeping | null
  readonly session: Session
  readonly watch: Watch | null
}

export interface Keeping {
  close(name: string, kept: KeptValue): string
  open(name: string, sealed: string): KeptValue | null
}

export function faultOf(answer: Answer): number {
  return answer.kind === 'fault' ? answer.code : 0
}
