import { type BodyOf, RedirectRuleSchema, check } from '@sluice/contracts'
import { type Command, UsageError } from './command.ts'
import { readJsonFile } from './read-json.ts'
import { tableOf } from './table.ts'

/** How gateways speak to which CPE, and whose sessions they send elsewhere. */
export const gatewayRuleCommands: readonly Command[] = [
  {
    name: 'profiles list',
    usage: '[--json]',
    summary: 'Model profiles: how to speak to which CPE',
    positionals: 0,
    options: { json: { type: 'boolean' } },
    run: async ({ client, values, say }) => {
      const { items } = await client.call('listProfiles')
      if (values['json'] === true) return items.forEach(({ profile }) => say(JSON.stringify(profile)))
      const rows = items.map((one) => [one.profile.name, one.shipped ? 'shipped' : one.updatedBy, one.updatedAt])
      for (const line of tableOf(['PROFILE', 'BY', 'SINCE'], rows)) say(line)
    },
  },
  {
    name: 'profiles put',
    usage: '<file.json>',
    summary: 'Add a model profile or replace the one of its name; gateways take it up at once',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      // The API checks it: profiles are many fields, and its answer names the one at fault.
      const body = readJsonFile(positionals[0]!) as BodyOf<'putProfile'>
      const { profile } = await client.call('putProfile', { params: { name: nameIn(body, positionals[0]!) }, body })
      say(profile.name)
    },
  },
  remove('profiles', 'removeProfile', 'Remove a model profile of your own'),
  {
    name: 'redirects list',
    usage: '[--json]',
    summary: 'Whose sessions are sent to another ACS',
    positionals: 0,
    options: { json: { type: 'boolean' } },
    run: async ({ client, values, say }) => {
      const { items } = await client.call('listRedirects')
      if (values['json'] === true) return items.forEach((rule) => say(JSON.stringify(rule)))
      const rows = items.map(({ name, url, status, percent, match, deviceKeys }) => [
        name,
        `${status} ${url}`,
        percent ?? 100,
        [
          match === undefined ? [] : JSON.stringify(match),
          deviceKeys === undefined ? [] : `${deviceKeys.length} devices`,
        ]
          .flat()
          .join(', ') || 'all',
      ])
      for (const line of tableOf(['REDIRECT', 'TO', '%', 'WHOM'], rows)) say(line)
    },
  },
  {
    name: 'redirects put',
    usage: '<file.json>',
    summary: 'Add a redirect rule or replace the one of its name',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const rule = check(RedirectRuleSchema, readJsonFile(positionals[0]!))
      if (rule.kind === 'invalid') throw new UsageError(`${positionals[0]}: ${rule.detail}`)
      const { name } = await client.call('putRedirect', { params: { name: rule.value.name }, body: rule.value })
      say(name)
    },
  },
  remove('redirects', 'removeRedirect', 'Remove a redirect rule: its devices stay from their next session on'),
]

function remove(noun: string, operation: 'removeProfile' | 'removeRedirect', summary: string): Command {
  return {
    name: `${noun} remove`,
    usage: '<name>',
    summary,
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      await client.call(operation, { params: { name: positionals[0]! } })
      say('removed')
    },
  }
}

function nameIn(value: unknown, file: string): string {
  if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
    return value.name
  throw new UsageError(`${file} has no name`)
}
