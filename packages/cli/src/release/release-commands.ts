import type { ReleaseEnvelope } from '@sluice/firmware'
import { type Command, type Invocation, requiredText } from '../command.ts'
import { tableOf } from '../table.ts'
import { readReleaseFile } from './read-release-file.ts'
import { releaseLines, statementLines } from './release-view.ts'
import { SIGN_OPTIONS, SIGN_USAGE, signRelease } from './sign-release.ts'

export const releaseCommands: readonly Command[] = [
  {
    name: 'release sign',
    usage: SIGN_USAGE,
    summary: 'State which devices may run an image, and sign that; needs no connection',
    positionals: 0,
    options: SIGN_OPTIONS,
    run: signRelease,
  },
  {
    name: 'release show',
    usage: '<file|release>',
    summary: 'What a release states and who signed it, of a file or of one that was added',
    positionals: 1,
    needs: 1,
    options: {},
    run: showRelease,
  },
  {
    name: 'release add',
    usage: '<file>',
    summary: 'Have a signed release checked and kept: campaigns may go by it',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) => {
      const { envelope } = readReleaseFile(positionals[0]!)
      const release = await client.call('addRelease', { body: { envelope: asBody(envelope) } })
      for (const line of releaseLines(release)) say(line)
    },
  },
  {
    name: 'release list',
    usage: '',
    summary: 'Releases, newest first',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items } = await client.call('listReleases')
      const rows = items.map((one) => [one.releaseId, one.product, one.version, one.counter, one.status, one.expires])
      for (const line of tableOf(['RELEASE', 'PRODUCT', 'VERSION', 'COUNTER', 'STATUS', 'EXPIRES'], rows)) say(line)
    },
  },
  {
    name: 'release revoke',
    usage: '<release> --reason <text>',
    summary: 'Withdraw a release for good; its campaigns stop',
    positionals: 1,
    options: { reason: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const reason = requiredText(values, 'reason')
      await client.call('revokeRelease', { params: { releaseId: positionals[0]! }, body: { reason } })
      say('revoked')
    },
  },
]

async function showRelease(invocation: Invocation): Promise<void> {
  const { positionals, say } = invocation
  const named = positionals[0]!
  const lines = /^rel_[0-9a-f]{32}$/.test(named)
    ? releaseLines(await invocation.client.call('getRelease', { params: { releaseId: named } }))
    : statementLines(readReleaseFile(named))
  for (const line of lines) say(line)
}

function asBody({ payloadType, payload, signatures }: ReleaseEnvelope['envelope']) {
  return { payloadType, payload, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) }
}
