import type { InputOf, ObservedFact, OutputOf, Task, Watch, upgradeClaim } from '@sluice/contracts'
import type { CpeResponse } from '@sluice/cwmp'
import type { HotRecord, RecordChange } from '@sluice/hot-store'
import type { ModelProfile } from '@sluice/model-profiles'
import type { Call, Session } from '../session/session.ts'
import type { Reading } from './read-snapshot.ts'

export type ClaimInput = InputOf<typeof upgradeClaim>
export type ClaimAnswer = OutputOf<typeof upgradeClaim>

/** How far a task has come, between two POSTs. */
export type Progress =
  | { readonly kind: 'upgrade'; readonly task: UpgradeTask; readonly stage: UpgradeStage }
  | { readonly kind: 'check'; readonly attemptId: string; readonly revision: number }
  | { readonly kind: 'cancel'; readonly attemptId: string; readonly revision: number }
  | { readonly kind: 'verify'; readonly attemptId: string; readonly stage: VerifyStage }
  | { readonly kind: 'contact'; readonly attemptId: string }

export type UpgradeTask = Extract<Task, { kind: 'upgrade' }>
export type UpgradeStage =
  | { readonly kind: 'reading'; readonly reading: Reading }
  | { readonly kind: 'claiming' }
  | { readonly kind: 'downloading'; readonly attemptId: string }
export type VerifyStage = { readonly kind: 'reading'; readonly reading: Reading } | { readonly kind: 'planting' }

/** What a task waits for. `unanswered`: the CPE went on without an answer. `unclaimed`: nobody answered the claim. */
export type Answer =
  | { readonly kind: 'response'; readonly message: CpeResponse }
  | { readonly kind: 'fault'; readonly code: number; readonly text: string }
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'claimed'; readonly answer: ClaimAnswer }
  | { readonly kind: 'unclaimed' }

/** What a task does next, and what it learned and changes on the way. */
export interface Move {
  readonly next:
    | { readonly kind: 'call'; readonly call: Call; readonly progress: Progress }
    | { readonly kind: 'claim'; readonly input: ClaimInput; readonly progress: Progress }
    | { readonly kind: 'done' }
    /** Done, and so is the session: without the scheduler there is nothing to go on with. */
    | { readonly kind: 'end_session' }
  readonly facts?: readonly ObservedFact[]
  readonly changes?: readonly RecordChange[]
}

/** What a step may know besides the session. `now` in epoch ms. */
export interface Knowledge {
  readonly now: number
  readonly record: HotRecord
  readonly profile: ModelProfile
  /** Keyed digest of a parameter's value on this device; null for an empty one, which says nothing. */
  readonly digest: (name: string, value: string) => string | null
  readonly session: Session
  readonly watch: Watch | null
}

export function faultOf(answer: Answer): number {
  return answer.kind === 'fault' ? answer.code : 0
}
