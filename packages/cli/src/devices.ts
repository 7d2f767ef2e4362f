import type { Device } from '@sluice/contracts'
import { type Command, type Invocation, textOf } from './command.ts'
import { deviceLines } from './device-lines.ts'
import { historyLines } from './history-lines.ts'
import { importDevices } from './import/import-devices.ts'
import { jsonOf, tableOf } from './table.ts'
import { upgradeRows, UPGRADE_HEADER } from './upgrades.ts'

export const deviceCommands: readonly Command[] = [
  {
    name: 'devices list',
    usage: '[--where <expression>] [--oui <OUI> --product-class <class>] [--software-version <version>] [--tag <tag>]',
    summary: 'The inventory, up to 1000 of it',
    positionals: 0,
    options: {
      where: { type: 'string' },
      oui: { type: 'string' },
      'product-class': { type: 'string' },
      'software-version': { type: 'string' },
      tag: { type: 'string' },
    },
    run: listDevices,
  },
  {
    name: 'devices import',
    usage: '<file> [--format csv|jsonl|genieacs]',
    summary: 'Bring devices and their credentials in: CSV with a header, JSON lines, or a dump of GenieACS’s NBI',
    positionals: 1,
    needs: 1,
    options: { format: { type: 'string' } },
    run: importDevices,
  },
  {
    name: 'devices show',
    usage: '<device> [--json]',
    summary: 'One device and its upgrades, by key or by OUI-ProductClass-SerialNumber',
    positionals: 1,
    options: { json: { type: 'boolean' } },
    run: async ({ client, positionals, values, say }) => {
      const params = { device: positionals[0]! }
      const device = await client.call('getDevice', { params })
      if (values['json'] === true) return say(jsonOf(device))
      for (const line of deviceLines(device)) say(line)
      const { items } = await client.call('getDeviceUpgrades', { params })
      if (items.length > 0) for (const line of tableOf(UPGRADE_HEADER, upgradeRows(items))) say(`  ${line}`)
    },
  },
  {
    name: 'devices history',
    usage: '<device>',
    summary: 'Everything upgrades did to one device',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const { items } = await client.call('getDeviceHistory', {
        params: { device: positionals[0]! },
        query: { limit: 1_000 },
      })
      for (const line of historyLines(items)) say(line)
    },
  },
  {
    name: 'devices forget-history',
    usage: '<device>',
    summary: 'Forget what upgrades did to one device; counters and the audit chain stay',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const forgotten = await client.call('eraseDeviceHistory', { params: { device: positionals[0]! } })
      say(`forgot ${forgotten.entries} entries and ${forgotten.upgrades} upgrades`)
      if (forgotten.underWay > 0) say(`${forgotten.underWay} upgrades are not over: ask again when they are`)
    },
  },
]

/** As many as are shown. */
const MOST_LISTED = 1_000

async function listDevices({ client, values, say }: Invocation): Promise<void> {
  const where = textOf(values, 'where')
  const oui = textOf(values, 'oui')
  const productClass = textOf(values, 'product-class')
  const softwareVersion = textOf(values, 'software-version')
  const tag = textOf(values, 'tag')
  const query = {
    ...(where === undefined ? {} : { where }),
    ...(oui === undefined ? {} : { oui: oui.toUpperCase() }),
    ...(productClass === undefined ? {} : { productClass }),
    ...(softwareVersion === undefined ? {} : { softwareVersion }),
    ...(tag === undefined ? {} : { tag }),
  }
  const found: Device[] = []
  let cursor: string | null = null
  // A page may be short or empty before the last one.
  do {
    const limit = MOST_LISTED - found.length
    const page: { items: Device[]; next: string | null } = await client.call('listDevices', {
      query: { ...query, limit, ...(cursor === null ? {} : { cursor }) },
    })
    found.push(...page.items)
    cursor = page.next
  } while (cursor !== null && found.length < MOST_LISTED)
  const rows = found.map((one) => [
    one.name,
    one.softwareVersion,
    one.hardwareVersion,
    one.lastInformAt,
    one.site,
    one.tags.join(','),
  ])
  for (const line of tableOf(['DEVICE', 'SOFTWARE', 'HARDWARE', 'LAST INFORM', 'SITE', 'TAGS'], rows)) say(line)
  if (cursor !== null) say('... and more')
}
