import { type Command, type Values, requiredText, textOf, UsageError } from './command.ts'
import { tableOf } from './table.ts'

export const thresholdCommands: readonly Command[] = [
  {
    name: 'thresholds list',
    usage: '',
    summary: 'How many different keys have to sign an image, by vendor and model',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items, requiredKeysElsewhere } = await client.call('listTrustThresholds')
      const rows = items.map(({ oui, productClass, requiredKeys, proposed, setBy, setAt }) => {
        const waiting = proposed === null ? '' : `${proposed.requiredKeys} by ${proposed.by}`
        const set = requiredKeys === null ? null : `${setAt} by ${setBy}`
        return [`${oui}/${productClass ?? '*'}`, requiredKeys, set, waiting]
      })
      for (const line of tableOf(['FOR', 'KEYS', 'SET', 'WAITS'], rows)) say(line)
      say(`all others: ${requiredKeysElsewhere}`)
    },
  },
  {
    name: 'thresholds set',
    usage: '<keys> --oui <OUI> [--product-class <name>]',
    summary: 'Set how many different keys have to sign for a vendor or a model',
    positionals: 1,
    options: { oui: { type: 'string' }, 'product-class': { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const requiredKeys = howMany(positionals[0])
      const set = await client.call('putTrustThreshold', { body: { ...scopeIn(values), requiredKeys } })
      say(set.proposed === null ? `${set.requiredKeys} keys` : 'waits until another person approves it')
    },
  },
  {
    name: 'thresholds approve',
    usage: '<keys> --oui <OUI> [--product-class <name>]',
    summary: 'Agree to this lower threshold, as another person than who asked for it',
    positionals: 1,
    options: { oui: { type: 'string' }, 'product-class': { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const requiredKeys = howMany(positionals[0])
      const set = await client.call('approveTrustThreshold', { body: { ...scopeIn(values), requiredKeys } })
      say(`approved: ${set.requiredKeys} keys`)
    },
  },
]

function howMany(text: string | undefined): number {
  const requiredKeys = Number(text)
  if (!Number.isInteger(requiredKeys)) throw new UsageError('how many keys is a whole number')
  return requiredKeys
}

function scopeIn(values: Values) {
  return { oui: requiredText(values, 'oui').toUpperCase(), productClass: textOf(values, 'product-class') ?? null }
}
