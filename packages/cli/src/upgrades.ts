import type { Upgrade } from '@sluice/contracts'
import { type Command, textOf } from './command.ts'
import { historyLines } from './history-lines.ts'
import { tableOf } from './table.ts'

export const UPGRADE_HEADER = ['UPGRADE', 'DEVICE', 'WAVE', 'STATE', 'WHY', 'FROM', 'REPORTS']

export function upgradeRows(upgrades: readonly Upgrade[]): (string | number | null)[][] {
  return upgrades.map((one) => [
    one.upgradeId,
    one.deviceName,
    one.wave,
    one.state,
    [one.reason ?? one.waitsFor, one.faultCode].filter((part) => part !== null).join(' ') || null,
    one.fromVersion,
    one.reportedVersion,
  ])
}

export const upgradeCommands: readonly Command[] = [
  {
    name: 'upgrades list',
    usage: '<campaign> [--state <state>] [--wave <number>]',
    summary: 'The upgrades of a campaign, up to 1000 of them',
    positionals: 1,
    options: { state: { type: 'string' }, wave: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const state = textOf(values, 'state')
      const wave = textOf(values, 'wave')
      const { items, next } = await client.call('listUpgrades', {
        params: { campaignId: positionals[0]! },
        query: {
          limit: 1_000,
          ...(state === undefined ? {} : { state: state as Upgrade['state'] }),
          ...(wave === undefined ? {} : { wave: Number(wave) }),
        },
      })
      for (const line of tableOf(UPGRADE_HEADER, upgradeRows(items))) say(line)
      if (next !== null) say('... and more')
    },
  },
  {
    name: 'upgrades history',
    usage: '<upgrade>',
    summary: 'Everything that happened in one upgrade',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const { items } = await client.call('getUpgradeHistory', {
        params: { upgradeId: positionals[0]! },
        query: { limit: 1_000 },
      })
      for (const line of historyLines(items)) say(line)
    },
  },
]
