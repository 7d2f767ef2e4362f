import { readFileSync } from 'node:fs'
import type { DeviceChange } from '@sluice/contracts'
import { type Command, type Invocation, UsageError, listOf, textOf } from './command.ts'
import { printable } from './table.ts'

export const changeDeviceCommands: readonly Command[] = [
  {
    name: 'devices update',
    usage:
      '<device> [--tag <tag>]... [--no-tags] [--site <site>] [--region <region>] [--access-node <node>] [--zone <IANA zone>] [--logs-bodies on|off] [--username <name>] [--password-file <file>]',
    summary:
      "Change tags, place, credentials or logging of one device; tags that are given replace all of them, --site '' clears",
    positionals: 1,
    needs: 1,
    options: {
      tag: { type: 'string', multiple: true },
      'no-tags': { type: 'boolean' },
      site: { type: 'string' },
      region: { type: 'string' },
      'access-node': { type: 'string' },
      zone: { type: 'string' },
      'logs-bodies': { type: 'string' },
      username: { type: 'string' },
      'password-file': { type: 'string' },
      'connection-request-username': { type: 'string' },
      'connection-request-password-file': { type: 'string' },
    },
    run: async ({ client, positionals, values, say }) => {
      const change = changeOf(values)
      if (Object.keys(change).length === 0) throw new UsageError('nothing to change')
      const device = await client.call('updateDevice', { params: { device: positionals[0]! }, body: change })
      say(
        `${printable(device.name)}  tags ${printable(device.tags.join(',')) || '-'}  logs ${device.logsBodies ? 'bodies' : 'no bodies'}`,
      )
    },
  },
  {
    name: 'devices remove',
    usage: '<device>',
    summary: 'Forget a device, its credentials and its message log; the audit trail stays',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      await client.call('removeDevice', { params: { device: positionals[0]! } })
      say('removed')
    },
  },
]

function changeOf(values: Invocation['values']): DeviceChange {
  const tags = listOf(values, 'tag')
  const logs = textOf(values, 'logs-bodies')
  if (logs !== undefined && logs !== 'on' && logs !== 'off') throw new UsageError('--logs-bodies is on or off')
  const given = {
    tags: values['no-tags'] === true ? [] : tags.length === 0 ? undefined : tags,
    site: placeOf(values, 'site'),
    region: placeOf(values, 'region'),
    accessNode: placeOf(values, 'access-node'),
    zone: placeOf(values, 'zone'),
    username: textOf(values, 'username'),
    password: secretIn(textOf(values, 'password-file')),
    connectionRequestUsername: textOf(values, 'connection-request-username'),
    connectionRequestPassword: secretIn(textOf(values, 'connection-request-password-file')),
    logsBodies: logs === undefined ? undefined : logs === 'on',
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** Empty: not known any longer. */
function placeOf(values: Invocation['values'], name: string): string | null | undefined {
  const text = textOf(values, name)
  return text === '' ? null : text
}

/** From a file: arguments are seen by everybody on the machine, and kept by shells. */
function secretIn(file: string | undefined): string | undefined {
  return file === undefined ? undefined : readFileSync(file, 'utf8').replace(/\r?\n$/, '')
}
