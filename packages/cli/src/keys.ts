import { readFileSync } from 'node:fs'
import type { KeyPurpose } from '@sluice/contracts'
import { type Command, listOf, requiredText } from './command.ts'
import { tableOf } from './table.ts'

export const keyCommands: readonly Command[] = [
  {
    name: 'keys add',
    usage: '<public-key.pem> --name <name> [--oui <OUI>]... [--purpose image|release]...',
    summary: 'Trust a public key, for these vendors or for all',
    positionals: 1,
    options: {
      name: { type: 'string' },
      oui: { type: 'string', multiple: true },
      purpose: { type: 'string', multiple: true },
    },
    run: async ({ client, positionals, values, say }) => {
      const purposes = listOf(values, 'purpose') as KeyPurpose[]
      const key = await client.call('addTrustKey', {
        body: {
          name: requiredText(values, 'name'),
          publicKeyPem: readFileSync(positionals[0]!, 'utf8'),
          ...(purposes.length > 0 && { purposes }),
          ouis: listOf(values, 'oui').map((oui) => oui.toUpperCase()),
        },
      })
      say(key.keyId)
    },
  },
  {
    name: 'keys list',
    usage: '',
    summary: 'All keys of the trust store',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items } = await client.call('listTrustKeys')
      const rows = items.map((key) => [
        key.keyId,
        key.name,
        key.ouis.join(',') || 'any',
        key.addedBy,
        key.revokedAt ?? '',
      ])
      for (const line of tableOf(['KEY', 'NAME', 'VENDORS', 'ADDED BY', 'REVOKED'], rows)) say(line)
    },
  },
  {
    name: 'keys revoke',
    usage: '<key> --reason <text>',
    summary: 'Revoke a key; what only it vouched for is revoked with it',
    positionals: 1,
    options: { reason: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const reason = requiredText(values, 'reason')
      await client.call('revokeTrustKey', { params: { keyId: positionals[0]! }, body: { reason } })
      say('revoked')
    },
  },
]
