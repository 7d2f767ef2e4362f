import { type SettingsValues, defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'

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
  /** How often a scheduler says that it is at work. */
  readonly beatMs: number
  /** When none has said so for this long, the timers of what was under way stood still. */
  readonly outageAfterMs: number
  /** How long nothing may come from the bus, after a start or an outage, until there is nothing old on it. */
  readonly drainMs: number
  readonly sweepPageSize: number
  /** How long a sweep rests whose page failed. */
  readonly sweepRestMs: number
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
  beatMs: 1_000,
  outageAfterMs: 10_000,
  drainMs: 3_000,
  sweepPageSize: 500,
  sweepRestMs: 5_000,
  gateEveryMs: 30_000,
  askAgainMs: 15 * 60_000,
  credentialMs: 6 * 3_600_000,
  globalCaps: null,
  keepStoppedMs: 7 * 86_400_000,
}

const count = { type: 'integer', minimum: 0, maximum: 100_000_000 } as const

/** What its process is told by the environment. */
export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_CLAIM_GATHER_MS: {
    type: { ...count, maximum: 1_000 },
    default: defaultSettings.gatherMs,
    description: 'How long claims wait for company before they are committed together, in ms.',
  },
  SLUICE_CAP_IN_FLIGHT: {
    type: count,
    default: 0,
    description:
      'Devices of all campaigns together that may be under way at once; 0: no cap beside those of the campaigns.',
  },
  SLUICE_CAP_UNPROVEN: {
    type: count,
    default: 0,
    description: 'Devices of all campaigns together that may be back and not proven yet; 0: no cap.',
  },
  SLUICE_CREDENTIAL_MS: {
    type: count,
    default: defaultSettings.credentialMs,
    description: 'How long the credentials of a download hold, in ms.',
  },
})

export function toSchedulerSettings(values: SettingsValues<typeof settings>): Partial<SchedulerSettings> {
  const orNoCap = (value: number) => (value === 0 ? Number.MAX_SAFE_INTEGER : value)
  const inFlight = orNoCap(values.SLUICE_CAP_IN_FLIGHT)
  const unproven = orNoCap(values.SLUICE_CAP_UNPROVEN)
  const isCapped = values.SLUICE_CAP_IN_FLIGHT + values.SLUICE_CAP_UNPROVEN > 0
  return {
    gatherMs: values.SLUICE_CLAIM_GATHER_MS,
    credentialMs: values.SLUICE_CREDENTIAL_MS,
    globalCaps: isCapped ? { inFlight, unproven } : null,
  }
}
