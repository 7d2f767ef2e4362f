import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type History, checkHistory, readHistory, type Violation } from '@sluice/testbed'
import { getCampaign, upgradesOf } from './run-campaign.ts'
import type { RunningDevice } from './run-device.ts'
import type { RunningFleet } from './run-fleet.ts'
import type { System } from './system.ts'

/**
 * Ends the devices and the system, and has the history checker compare journals, API and the devices' own records.
 * What the API says is read last, when the devices can change nothing any more.
 */
export async function judgeHistory(
  system: Pick<System, 'client' | 'quiet' | 'stop' | 'readJournals' | 'capsOfAll'>,
  fleets: readonly Pick<RunningFleet, 'record' | 'stop'>[],
): Promise<Violation[]> {
  for (const fleet of fleets) await fleet.stop()
  const { items } = await system.client.call('listCampaigns', { query: { limit: 500 } })
  await system.quiet()
  const campaigns = await Promise.all(items.map(({ campaignId }) => getCampaign(system, campaignId)))
  const upgrades = (await Promise.all(items.map(({ campaignId }) => upgradesOf(system, campaignId)))).flat()
  const { items: artifacts } = await system.client.call('listArtifacts', { query: { limit: 500 } })
  await system.stop()
  const records = fleets.map((fleet) => fleet.record)
  const reported = { campaigns, upgrades, artifacts }
  const { capsOfAll } = system
  const history = await system.readJournals((sql) => readHistory({ sql, records, reported, capsOfAll }))
  return [...checkHistory(history), ...capsNotReached(history)]
}

/** The same, of devices in this process that have been stopped. */
export async function judgeDevices(system: System, devices: readonly RunningDevice[]): Promise<Violation[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-record-'))
  const record = join(directory, 'record.jsonl')
  const lines = devices.flatMap((device) => device.lines)
  writeFileSync(record, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  try {
    return await judgeHistory(system, [{ record, stop: async () => [] }])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A cap over all campaigns that nobody came up against shows nothing: had it been one lower, it would have been exceeded. */
function capsNotReached(history: History): Violation[] {
  return Object.entries(history.capsOfAll)
    .filter(([name, limit]) => {
      const broken = checkHistory({ ...history, capsOfAll: { [name]: limit - 1 } })
      return !broken.some(({ rule }) => rule.startsWith('cap_of_all_'))
    })
    .map(([name, limit]) => ({ rule: 'caps_of_all_are_reached', detail: `${name} of ${limit} never was` }))
}
