import { readFileSync } from 'node:fs'
import type { Client } from '@sluice/client'
import type { KeyPurpose, TrustKey } from '@sluice/contracts'
import { readPublicKey } from '@sluice/firmware'
import { type Command, type Values, listOf, requiredText, textOf, UsageError } from './command.ts'
import { keyLines } from './key-view.ts'
import { tableOf } from './table.ts'

export const keyCommands: readonly Command[] = [
  {
    name: 'keys add',
    usage: '<public-key.pem> --name <name> [--oui <OUI>]... [--model <OUI>/<product class>]... [--succeeds <key>]',
    summary: 'Trust a public key or a certificate, for these vendors and models or for all',
    positionals: 1,
    options: {
      name: { type: 'string' },
      oui: { type: 'string', multiple: true },
      model: { type: 'string', multiple: true },
      purpose: { type: 'string', multiple: true },
      from: { type: 'string' },
      until: { type: 'string' },
      succeeds: { type: 'string' },
    },
    run: async ({ client, positionals, values, say }) => {
      const purposes = listOf(values, 'purpose') as KeyPurpose[]
      const succeeds = textOf(values, 'succeeds')
      const ouis = listOf(values, 'oui').map((oui) => oui.toUpperCase())
      const models = listOf(values, 'model').map(modelIn)
      const key = await client.call('addTrustKey', {
        body: {
          name: requiredText(values, 'name'),
          publicKeyPem: readFileSync(positionals[0]!, 'utf8'),
          ...(purposes.length > 0 && { purposes }),
          ...(ouis.length + models.length > 0 && { ouis, models }),
          ...(succeeds !== undefined && { succeeds }),
          validFrom: timeIn(values, 'from', null),
          validUntil: timeIn(values, 'until', null),
        },
      })
      say(key.state === 'awaiting_approval' ? `${key.keyId} waits until another person approves it` : key.keyId)
    },
  },
  {
    name: 'keys list',
    usage: '',
    summary: 'All keys of the trust store',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const rows = (await allKeys(client)).map((key) => [
        key.keyId,
        key.name,
        key.purposes.join(','),
        [...key.ouis, ...key.models.map(({ oui, productClass }) => `${oui}/${productClass}`)].join(',') || 'any',
        key.state,
        key.validUntil,
      ])
      for (const line of tableOf(['KEY', 'NAME', 'SIGNS', 'FOR', 'STATE', 'UNTIL'], rows)) say(line)
    },
  },
  {
    name: 'keys show',
    usage: '<key>',
    summary: 'One key: what it may sign, and who added, approved or revoked it',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say, complain }) => {
      const keys = await allKeys(client)
      const key = keys.find(({ keyId }) => keyId === positionals[0])
      if (key === undefined) {
        complain('there is no such key')
        return false
      }
      keyLines(key, keys).forEach(say)
      return true
    },
  },
  {
    name: 'keys approve',
    usage: '<key> [--from <time>|ever] [--until <time>|never]',
    summary: 'Agree to a key, or to this longer validity of it, as another person than who asked for it',
    positionals: 1,
    needs: 1,
    options: { from: { type: 'string' }, until: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const keyId = positionals[0]!
      const isOfItsTime = values['from'] !== undefined || values['until'] !== undefined
      const validity = isOfItsTime ? await validityIn(values, keyId, client) : null
      const key = await client.call('approveTrustKey', { params: { keyId }, body: { validity } })
      say(`approved: the key is ${key.state}`)
    },
  },
  {
    name: 'keys limit',
    usage: '<key> [--from <time>|ever] [--until <time>|never]',
    summary: 'Set when a key may sign; what is not given stays as it is',
    positionals: 1,
    needs: 1,
    options: { from: { type: 'string' }, until: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const keyId = positionals[0]!
      const body = await validityIn(values, keyId, client)
      const key = await client.call('limitTrustKey', { params: { keyId }, body })
      say(key.proposed === null ? `the key is ${key.state}` : 'waits until another person approves it')
    },
  },
  {
    name: 'keys revoke',
    usage: '<key>|<public-key.pem> --reason <text>',
    summary:
      'Revoke a key, by its file also one that the store does not have; what only it vouched for is revoked with it',
    positionals: 1,
    needs: 1,
    options: { reason: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const reason = requiredText(values, 'reason')
      const { keyId, ...given } = keyNamed(positionals[0]!)
      await client.call('revokeTrustKey', { params: { keyId }, body: { reason, ...given } })
      say('revoked')
    },
  },
]

function modelIn(text: string): { oui: string; productClass: string } {
  const slash = text.indexOf('/')
  if (slash < 0) throw new UsageError('a model is <OUI>/<product class>')
  return { oui: text.slice(0, slash).toUpperCase(), productClass: text.slice(slash + 1) }
}

/** Oldest first. */
async function allKeys(client: Client): Promise<TrustKey[]> {
  const keys: TrustKey[] = []
  let cursor: string | null = null
  do {
    const page: { items: TrustKey[]; next: string | null } = await client.call('listTrustKeys', {
      query: cursor === null ? {} : { cursor },
    })
    keys.unshift(...page.items.toReversed())
    cursor = page.next
  } while (cursor !== null)
  return keys
}

/** A key by its id, or by a file that it stands in. */
function keyNamed(text: string): { keyId: string; publicKeyPem?: string } {
  if (/^[0-9a-f]{16}$/.test(text)) return { keyId: text }
  const publicKeyPem = readFileSync(text, 'utf8')
  const read = readPublicKey(publicKeyPem)
  if (read.kind === 'refused') throw new UsageError(`${read.code}: ${read.detail}`)
  return { keyId: read.publicKey.keyId, publicKeyPem }
}

/** What was not named is as it is now. */
async function validityIn(values: Values, keyId: string, client: Client) {
  const keys = await allKeys(client)
  const now = keys.find((key) => key.keyId === keyId) ?? { validFrom: null, validUntil: null }
  return { validFrom: timeIn(values, 'from', now.validFrom), validUntil: timeIn(values, 'until', now.validUntil) }
}

const NO_BOUND = new Set(['ever', 'never'])

function timeIn(values: Values, name: string, otherwise: string | null): string | null {
  const text = textOf(values, name)
  if (text === undefined) return otherwise
  if (NO_BOUND.has(text)) return null
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw new UsageError(`--${name} is no time: 2027-01-31 or 2027-01-31T12:00:00Z`)
  return new Date(at).toISOString()
}
