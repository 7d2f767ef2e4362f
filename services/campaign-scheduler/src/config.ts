import { PLACEMENT_KEPT_MS } from '@sluice/contracts'
import { type SettingsValues, defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'

/** How the scheduler behaves; everything about a campaign stands in its policy. Durations in milliseconds. */
export interface SchedulerSettings {
  /** How long claims wait for company before they are committed together. */
  readonly gatherMs: number
  readonly maxClaimBatch: number
  readonly maxFactBatch: number
  /** Devices asked of the registry, and planned in one transaction. */
  readonly planPageSize: number
  /** A dry run looks at so many devices, for so long, and refuses beyond. */
  readonly dryRunMost: number
  readonly dryRunMs: number
  /** Upgrades put into their waves in one transaction. */
  readonly rankPageSize: number
  /** A campaign over more devices needs a second person's approval; 0: none does for its size. */
  readonly approvalAbove: number
  /** Whether a campaign is refused that has an image no release covers. */
  readonly requireRelease: boolean
  /** How often a dynamic campaign looks for who has come to fit its targets. */
  readonly dynamicEveryMs: number
  /** How much later than it says a change may show in the registry: its clock and its transactions are not ours. */
  readonly dynamicOverlapMs: number
  /** How long `campaign.create` waits for the plan before it answers `planning`. */
  readonly planReplyMs: number
  /** How often timers, plans, sweeps and gates are looked after. */
  readonly tickMs: number
  readonly duePageSize: number
  /** How often a scheduler says that it is at work. */
  readonly beatMs: number
  /** When none has said so for this long, the timers of what was under way stood still. */
  readonly outageAfterMs: number
  /** How long a replica counts as alive after its last beat; then others take its campaigns over. */
  readonly leaseMs: number
  /** How long nothing may come from the bus, after a start or an outage, until there is nothing old on it. */
  readonly drainMs: number
  readonly sweepPageSize: number
  /** How long a sweep rests whose page failed. */
  readonly sweepRestMs: number
  /** How often the devices that have not come are hinted again: more than once in the time that gateways remember them. */
  readonly hintAgainMs: number
  /** How long that rests after each page: nobody waits for it. */
  readonly hintAgainRestMs: number
  /** A gate is looked at this often even when no fact arrives. */
  readonly gateEveryMs: number
  /** When a device that may not start now is told to ask again, where no better time is known. */
  readonly askAgainMs: number
  /** How long the credentials of a download hold. */
  readonly credentialMs: number
  /** How long the devices of a campaign that is over are remembered. */
  readonly historyKeepMs: number
  readonly forgetEveryMs: number
  /** When the database was restored from a backup, epoch ms; null: never. */
  readonly restoredAt: number | null
  /** For how long nothing new is offered after that. */
  readonly restoreHoldMs: number
  /** Over all campaigns; null: no cap. */
  readonly globalCaps: GlobalCaps | null
  /** Where gates outside may be asked by HTTP: hosts as they stand in a URL, with the port where it is not the usual one. */
  readonly gateHosts: readonly string[]
  /** What such questions are signed with; null: none is asked. */
  readonly gateSecret: string | null
  /** How long the downloads of an aborted campaign are refused by name at least: longer where its credentials hold longer. */
  readonly keepStoppedMs: number
}

/** Over all campaigns together. */
export interface GlobalCaps {
  readonly inFlight: number
  readonly unproven: number
  readonly startsPerMinute?: number
  /** Of each site. */
  readonly perSiteInFlight?: number
}

export const defaultSettings: SchedulerSettings = {
  gatherMs: 5,
  maxClaimBatch: 128,
  maxFactBatch: 64,
  planPageSize: 1_000,
  dryRunMost: 2_000_000,
  dryRunMs: 50_000,
  rankPageSize: 20_000,
  approvalAbove: 10_000,
  requireRelease: true,
  dynamicEveryMs: 60_000,
  dynamicOverlapMs: 120_000,
  planReplyMs: 5_000,
  tickMs: 500,
  duePageSize: 200,
  beatMs: 1_000,
  outageAfterMs: 10_000,
  leaseMs: 6_000,
  drainMs: 3_000,
  sweepPageSize: 500,
  sweepRestMs: 5_000,
  hintAgainMs: PLACEMENT_KEPT_MS / 3,
  hintAgainRestMs: 1_000,
  gateEveryMs: 30_000,
  askAgainMs: 15 * 60_000,
  credentialMs: 6 * 3_600_000,
  historyKeepMs: 730 * 86_400_000,
  forgetEveryMs: 3_600_000,
  restoredAt: null,
  restoreHoldMs: 4 * 3_600_000,
  globalCaps: null,
  gateHosts: [],
  gateSecret: null,
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
    description:
      'Devices of all campaigns together that may be under way, or back and not proven yet; 0: no cap beside those of the campaigns.',
  },
  SLUICE_CAP_STARTS_PER_MINUTE: {
    type: count,
    default: 0,
    description: 'Devices of all campaigns together that may be started in a minute; 0: no cap.',
  },
  SLUICE_CAP_PER_SITE_IN_FLIGHT: {
    type: count,
    default: 0,
    description: 'Devices of one site, in all campaigns together, that may be under way at once; 0: no cap.',
  },
  SLUICE_APPROVAL_ABOVE: {
    type: count,
    default: defaultSettings.approvalAbove,
    description:
      'A campaign over more devices starts with the approval of a second person alone; 0: never for its size.',
  },
  SLUICE_REQUIRE_RELEASE: {
    type: { type: 'boolean' },
    default: defaultSettings.requireRelease,
    description:
      'Whether a campaign is refused whose images no signed release covers (docs/releases.md). False: for labs, and while releases are brought in.',
  },
  SLUICE_GATE_HOSTS: {
    type: { type: 'string', pattern: '^([a-z0-9.-]+(:[0-9]{1,5})?(,[a-z0-9.-]+(:[0-9]{1,5})?)*)?$' },
    default: '',
    description:
      'Hosts that policies may name as gates outside (gate.external), separated by commas: gate.example.net,10.0.0.7:8080. Empty: none.',
  },
  SLUICE_GATE_SECRET: {
    type: { type: 'string', minLength: 16 },
    optional: true,
    secret: true,
    description: 'What questions to gates outside are signed with (HMAC-SHA256).',
  },
  SLUICE_HISTORY_KEEP_DAYS: {
    type: { ...count, minimum: 1, maximum: 36_500 },
    default: defaultSettings.historyKeepMs / 86_400_000,
    description: 'How long the devices of a campaign that is over are remembered, in days; its counters are for good.',
  },
  SLUICE_RESTORED_AT: {
    type: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,3})?Z$' },
    optional: true,
    description:
      'When the database was restored from a backup (2026-01-31T12:00:00Z): devices may be working on what it does not know of, and nothing new is offered for a while.',
  },
  SLUICE_RESTORE_HOLD_MS: {
    type: count,
    default: defaultSettings.restoreHoldMs,
    description: 'For how long nothing new is offered after a restore, in ms.',
  },
  SLUICE_CREDENTIAL_MS: {
    type: count,
    default: defaultSettings.credentialMs,
    description:
      'How long the credentials of a download hold at least, from the end of its delay or its last window, in ms; longer where a campaign waits longer for a slow line.',
  },
})

export function toSchedulerSettings(values: SettingsValues<typeof settings>): Partial<SchedulerSettings> {
  const {
    SLUICE_CAP_IN_FLIGHT: inFlight,
    SLUICE_CAP_UNPROVEN: unproven,
    SLUICE_CAP_STARTS_PER_MINUTE: startsPerMinute,
    SLUICE_CAP_PER_SITE_IN_FLIGHT: perSiteInFlight,
  } = values
  const orNoCap = (value: number) => (value === 0 ? Number.MAX_SAFE_INTEGER : value)
  const isCapped = inFlight + unproven + startsPerMinute + perSiteInFlight > 0
  const caps: GlobalCaps = {
    inFlight: orNoCap(inFlight),
    unproven: orNoCap(unproven),
    ...(startsPerMinute === 0 ? {} : { startsPerMinute }),
    ...(perSiteInFlight === 0 ? {} : { perSiteInFlight }),
  }
  return {
    gatherMs: values.SLUICE_CLAIM_GATHER_MS,
    approvalAbove: values.SLUICE_APPROVAL_ABOVE,
    requireRelease: values.SLUICE_REQUIRE_RELEASE,
    credentialMs: values.SLUICE_CREDENTIAL_MS,
    historyKeepMs: values.SLUICE_HISTORY_KEEP_DAYS * 86_400_000,
    restoredAt: values.SLUICE_RESTORED_AT === undefined ? null : Date.parse(values.SLUICE_RESTORED_AT),
    restoreHoldMs: values.SLUICE_RESTORE_HOLD_MS,
    globalCaps: isCapped ? caps : null,
    gateHosts: values.SLUICE_GATE_HOSTS === '' ? [] : values.SLUICE_GATE_HOSTS.split(','),
    gateSecret: values.SLUICE_GATE_SECRET ?? null,
  }
}
