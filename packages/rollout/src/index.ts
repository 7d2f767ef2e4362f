export type { AfterReadings, Attempt, Fault, RefusalReason, Schedule, Span } from './attempt.ts'
export type { CheckReading, CheckVerdict } from './check-list.ts'
export { wantsRestore } from './restoring.ts'
export type { Restored } from './restoring.ts'
export type { AlarmCode, Effect, Ignored, Lesson } from './effects.ts'
export type { Fact, FactBody, FactKind, InformEvent } from './facts.ts'
export { defaultPolicy } from './policy.ts'
export type { GatePolicy, Policy, Timers, Wave, Weekday, Window } from './policy.ts'
export { nothingRead } from './snapshot.ts'
export type { Snapshot } from './snapshot.ts'
export { openAttempt, planUpgrade, wantsWatch } from './upgrade.ts'
export type {
  Annotation,
  CancellableState,
  FailureReason,
  OfferedState,
  Outcome,
  StateName,
  TimedOutStage,
  Try,
  Upgrade,
  UpgradeCore,
  UpgradePlan,
  UpgradeState,
} from './upgrade.ts'
export { classOf, classOfOutcome, foldCounters, moveCounters, noCounters } from './class-of.ts'
export type { CounterClass, Counters } from './class-of.ts'
export { excuse } from './excuse.ts'
export type { Outage } from './stand-still.ts'
export { isSteppingStoneReached, retarget } from './retarget.ts'
export type { Release } from './retarget.ts'
export { newestVersionIn } from './newest-version.ts'
export { timeWindows, windowOffsets, windowsOverMs } from './time-windows.ts'
export type { TimeWindow, WindowOffset } from './time-windows.ts'
export { retryAfter } from './retry-after.ts'
export type { FailedTry, RetryAnswer, RetryRule } from './retry-after.ts'
export { lastAttempt, step } from './step.ts'
export type { Step } from './step.ts'
export { nextOpening, windowAt } from './window-at.ts'
export type { WindowAnswer } from './window-at.ts'
export { transferMs } from './stage.ts'
export { admitClaim, windowMarginMs } from './admit-claim.ts'
export type { ClaimAnswer, ClaimSituation, Gone, NotYet, WindowsSaid } from './admit-claim.ts'
export { assignWaves, rankHash, waveOf, waveSizes } from './assign-waves.ts'
export { evaluateGate, overdueAfterMs } from './evaluate-gate.ts'
export type { GateAnswer, GateFigures, StopReason, WaveClock } from './evaluate-gate.ts'
export { drawTransitions, transitions } from './transitions.ts'
export type { Transition } from './transitions.ts'
export type { VersionReport } from './version-reports.ts'
export { checkPath } from './check-path.ts'
export type { PathFault } from './check-path.ts'
export { counterKey, fitsModel, legFor } from './leg-for.ts'
export type {
  DeviceOnPath,
  KnownCounters,
  LegAnswer,
  ModelFit,
  NoLeg,
  PathLeg,
  PathRules,
  ReleaseTerms,
} from './leg-for.ts'
