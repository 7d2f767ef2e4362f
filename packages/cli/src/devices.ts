import { type Command, type Invocation, textOf } from './command.ts'
import { historyLines } from './history-lines.ts'
import { importDevices } from './import/import-devices.ts'
import { printable, tableOf } from './table.ts'
import { upgradeRows, UPGRADE_HEADER } from './upgrades.ts'

export const deviceCommands: readonly Command[] = [
  {
    name: 'devices list',
    usage: '[--oui <OUI> --product-class <class>] [--software-version <version>] [--tag <tag>]',
    summary: 'The inventory, up to 1000 of it',
    positionals: 0,
    options: {
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
    usage: '<device>',
    summary: 'One device and its upgrades, by key or by OUI-ProductClass-SerialNumber',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const params = { device: positionals[0]! }
      const device = await client.call('getDevice', { params })
      say(`${printable(device.name)}  ${device.deviceKey}`)
      say(
        `  runs ${printable(device.softwareVersion ?? '?')} on hardware ${printable(device.hardwareVersion ?? '?')}, last Inform ${device.lastInformAt ?? 'never'}`,
      )
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
]

async function listDevices({ client, values, say }: Invocation): Promise<void> {
  const oui = textOf(values, 'oui')
  const productClass = textOf(values, 'product-class')
  const softwareVersion = textOf(values, 'software-version')
  const tag = textOf(values, 'tag')
  const { items, next } = await client.call('listDevices', {
    query: {
      limit: 1_000,
      ...(oui === undefined ? {} : { oui: oui.toUpperCase() }),
      ...(productClass === undefined ? {} : { productClass }),
      ...(softwareVersion === undefined ? {} : { softwareVersion }),
      ...(tag === undefined ? {} : { tag }),
    },
  })
  const rows = items.map((one) => [
    one.name,
    one.softwareVersion,
    one.hardwareVersion,
    one.lastInformAt,
    one.tags.join(','),
  ])
  for (const line of tableOf(['DEVICE', 'SOFTWARE', 'HARDWARE', 'LAST INFORM', 'TAGS'], rows)) say(line)
  if (next !== null) say('... and more')
}
