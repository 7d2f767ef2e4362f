/** How the scheduler behaves; everything about a campaign stands in its policy. Durations in milliseconds. */
export interface SchedulerSettings {
  /** How long claims wait for company before they are committed together. */
  readonly gatherMs: number
  readonly maxClaimBatch: number
  readonly maxFactBatch: number
  /** Devices asked of the registry, and planned in one transaction. */
  readonly planPageSize: number
  /** How long `campaign.create` waits for the plan before it answers `planning`. */
  readonly planReplyMs: number
  /** How often timers, plans, sweeps and gates are looked after. */
  readonly tickMs: number
  readonly duePageSize: number
  readonly sweepPageSize: number
  /** A gate is looked at this often even when no fact arrives. */
  readonly gateEveryMs: number
  /** When a device that may not start now is told to ask again, where no better time is known. */
  readonly askAgainMs: number
  /** How long the credentials of a download hold. */
  readonly credentialMs: number
  /** Over all campaigns; null: no cap. */
  readonly globalCaps: { readonly inFlight: number; readonly unproven: number } | null
  /** How long the downloads of an aborted campaign are refused by name; its credentials end before. */
  readonly keepStoppedMs: number
}

export const defaultSettings: SchedulerSettings = {
  gatherMs: 5,
  maxClaimBatch: 128,
  maxFactBatch: 64,
  planPageSize: 2_000,
  planReplyMs: 5_000,
  tickMs: 500,
  duePageSize: 200,
  sweepPageSize: 500,
  gateEveryMs: 30_000,
  askAgainMs: 15 * 60_000,
  credentialMs: 6 * 3_600_000,
  globalCaps: null,
  keepStoppedMs: 7 * 86_400_000,
}
