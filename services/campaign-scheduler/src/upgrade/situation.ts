import { type ClaimSituation, type DeviceOnPath, type KnownCounters, type WindowsSaid, retarget } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { rolloutPolicy } from '../campaign/complete-policy.ts'
import type { Parts } from '../parts.ts'
import { openAttemptsOf } from '../store/attempts.ts'
import { backupsOf } from '../store/backups.ts'
import { type CampaignRow, linesOf } from '../store/campaigns.ts'
import { legsOpenAgain } from '../store/next-legs.ts'
import { countersOfLines } from '../store/releases.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { type WaveRow, wavesOf } from '../store/waves.ts'
import type { Backup } from './backup-step.ts'
import type { Claim } from './claim.ts'
import { type CapUse, capsOf, readCapUse } from './caps.ts'
import { knownZone } from './known-zone.ts'
import { isScheduled } from './delivery.ts'
import { type LegAtClaim, legAtClaim } from './leg-at-claim.ts'
import { type WordOfDevices, isBlocked, readWordOfDevices } from './lessons.ts'
import { type Rival, readRivals } from './rivals.ts'

/** What stands around some upgrades, as far as a claim depends on it. */
export interface Situation {
  readonly rows: ReadonlyMap<string, UpgradeRow>
  readonly campaigns: ReadonlyMap<string, CampaignRow>
  readonly waves: ReadonlyMap<string, readonly WaveRow[]>
  readonly holders: ReadonlyMap<string, string>
  readonly word: WordOfDevices
  /** Later legs of which an earlier one has to be proven again: its next reports are that one's. */
  readonly openAgain: ReadonlySet<string>
  readonly backups: ReadonlyMap<string, Backup>
  /** By device. */
  readonly rivals: ReadonlyMap<string, readonly Rival[]>
  /** Uses of the caps, counted on as claims are admitted. */
  readonly use: CapUse
  /** Behind the versions that devices report. */
  readonly counters: KnownCounters
  /** What the windows of each campaign said in this batch. */
  readonly windowsSaid: ReadonlyMap<string, WindowsSaid>
}

/**
 * Read after the locks where it is for a claim; without any where it is only shown. `versions`: those that the devices
 * report.
 */
export async function readSituation(
  parts: Pick<Parts, 'settings'>,
  tx: Queryable,
  rows: readonly UpgradeRow[],
  campaigns: readonly CampaignRow[],
  versions: readonly (string | null)[],
  now: number,
): Promise<Situation> {
  const ids = campaigns.map((campaign) => campaign.campaignId)
  const use = await readCapUse(parts, tx, rows, campaigns, now)
  const devices = rows.map((row) => row.deviceKey)
  const holders = await openAttemptsOf(tx, devices)
  const wanting = new Set(campaigns.filter(({ policy }) => policy.backup !== undefined).map((one) => one.campaignId))
  const withBackup = rows.filter((row) => wanting.has(row.campaignId)).map((row) => row.upgradeId)
  const rivals = await readRivals(tx, rows, campaigns)
  const asked = [...campaigns, ...rivals.map(({ campaign }) => campaign)]
  return {
    rows: new Map(rows.map((row) => [row.upgradeId, row])),
    campaigns: new Map(campaigns.map((campaign) => [campaign.campaignId, campaign])),
    waves: Map.groupBy(await wavesOf(tx, ids), (wave) => wave.campaignId),
    holders: new Map(holders.map((holder) => [holder.deviceKey, holder.upgradeId])),
    word: await readWordOfDevices(tx, [...new Set(asked.map(({ campaignId }) => campaignId))]),
    openAgain: await legsOpenAgain(
      tx,
      rows.filter(({ leg }) => leg > 1).map(({ upgradeId }) => upgradeId),
    ),
    backups: await backupsOf(tx, withBackup),
    rivals: Map.groupBy(rivals, ({ upgrade }) => upgrade.deviceKey),
    use,
    counters: await countersOfLines(
      tx,
      [...new Set(asked.flatMap(({ path }) => linesOf(path)))],
      versions.filter((version) => version !== null),
    ),
    windowsSaid: new Map(ids.map((campaignId) => [campaignId, new Map()])),
  }
}

/** A device as it is on the line; `softwareVersion` null: it is not, and what the inventory says is not asked. */
export type Claimant = DeviceOnPath & Pick<Claim, 'takesScheduleDownload'>

/** All that a claim is decided on; also what a waiting upgrade is shown to wait for. */
export function claimSituation(
  parts: Pick<Parts, 'settings'>,
  situation: Situation,
  row: UpgradeRow,
  campaign: CampaignRow,
  device: Claimant,
  now: number,
): ClaimSituation {
  const leg = device.softwareVersion === null ? null : legAtClaim(row, campaign, device, situation.counters)
  const wave = situation.waves.get(row.campaignId)?.find((one) => one.wave === row.wave)
  const holder = situation.holders.get(row.deviceKey)
  const { state, policy } = campaign
  return {
    now,
    upgrade: upgradeOn(leg, row),
    noLeg: leg?.kind === 'none' ? leg.reason : null,
    schedules: isScheduled(policy, device, row, situation.word),
    policy: rolloutPolicy(policy),
    campaign: state === 'planning' || state === 'ready' ? 'draft' : state,
    waveOpen: wave?.openedAt != null && wave.state !== 'stopped',
    reportedVersion: device.softwareVersion ?? 'unknown',
    zone: knownZone(row.zone),
    modelBlocked: isBlocked(situation.word, row),
    heldElsewhere: (holder !== undefined && holder !== row.upgradeId) || situation.openAgain.has(row.upgradeId),
    windowsSaid: situation.windowsSaid.get(row.campaignId),
    caps: capsOf(parts, situation.use, campaign, row.site),
  }
}

/** As the leg that fits makes of it: its image decides on the room in a window. What is on its way stays as it is. */
function upgradeOn(leg: LegAtClaim | null, { machine }: UpgradeRow): UpgradeRow['machine'] {
  const waits = machine.state === 'pending' || machine.state === 'retry'
  return leg?.kind === 'leg' && waits ? retarget(machine, leg.release) : machine
}
