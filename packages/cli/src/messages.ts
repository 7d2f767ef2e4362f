import { type Command, type Invocation, textOf } from './command.ts'
import { printable, tableOf } from './table.ts'

export const messageCommands: readonly Command[] = [
  {
    name: 'messages',
    usage: '<device> [--method <name>] [--command-key <key>] [--json]',
    summary: 'The message log of one device, newest first, up to 1000 of it; bodies, where they are kept, with --json',
    positionals: 1,
    options: { method: { type: 'string' }, 'command-key': { type: 'string' }, json: { type: 'boolean' } },
    run: listMessages,
  },
]

async function listMessages({ client, positionals, values, say }: Invocation): Promise<void> {
  const method = textOf(values, 'method')
  const commandKey = textOf(values, 'command-key')
  const { items, next } = await client.call('getDeviceMessages', {
    params: { device: positionals[0]! },
    query: {
      limit: 1_000,
      ...(method === undefined ? {} : { method }),
      ...(commandKey === undefined ? {} : { commandKey }),
    },
  })
  if (values['json'] === true) {
    for (const one of items) say(JSON.stringify(one))
    return
  }
  const rows = items.map((one) => [
    one.at,
    one.from === 'cpe' ? 'from' : 'to',
    [one.method, ...(one.events ?? [])].join(', '),
    one.commandKey,
    one.faultCode,
    one.warnings?.join(',') ?? null,
    one.bytes,
  ])
  for (const line of tableOf(['AT', '', 'MESSAGE', 'COMMAND KEY', 'FAULT', 'TOLERATED', 'BYTES'], rows))
    say(printable(line))
  if (next !== null) say('... and more')
}
