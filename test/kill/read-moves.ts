import { readHistory } from '@sluice/testbed'
import type { System } from '../end-to-end/system.ts'

/** What the journal says became of one upgrade at one moment. */
export interface Move {
  readonly at: number
  readonly upgradeId: string
  readonly deviceKey: string
  readonly fact: string
  readonly attemptId: string
  readonly to: string
}

/** Every move of the upgrades of a campaign, in the order of the journal. */
export async function readMoves(system: System, campaignId: string): Promise<Move[]> {
  const reported = { campaigns: [], upgrades: [], artifacts: [] }
  const { rows } = await system.readJournals((sql) => readHistory({ sql, records: [], reported, capsOfAll: {} }))
  return rows
    .filter((row) => row.kind === 'upgrade.moved' && row.campaignId === campaignId)
    .map(({ at, upgradeId, deviceKey, attemptId, data }) => {
      const { to, fact } = data as { to: string; fact: { kind: string; attemptId?: string } }
      return {
        at,
        upgradeId: upgradeId ?? '',
        deviceKey: deviceKey ?? '',
        fact: fact.kind,
        attemptId: fact.attemptId ?? attemptId ?? '',
        to,
      }
    })
}
