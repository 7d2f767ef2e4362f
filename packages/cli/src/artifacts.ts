import { createReadStream, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { basename } from 'node:path'
import type { Artifact, ImageFormat, SignatureAlgorithm } from '@sluice/contracts'
import { artifactLines } from './artifact-view.ts'
import { type Command, type Invocation, UsageError, listOf, requiredText, textOf } from './command.ts'
import { troubleOf } from './source-lines.ts'
import { tableOf } from './table.ts'

const VERDICT_MS = 300_000

export const artifactCommands: readonly Command[] = [
  {
    name: 'artifacts add',
    usage: '<file> | --url <url>',
    summary: 'Bring in an image with its signature, and wait for the verdict',
    positionals: 1,
    options: {
      url: { type: 'string' },
      hosting: { type: 'string' },
      name: { type: 'string' },
      oui: { type: 'string' },
      'product-class': { type: 'string' },
      'hardware-version': { type: 'string', multiple: true },
      version: { type: 'string' },
      reports: { type: 'string', multiple: true },
      format: { type: 'string' },
      board: { type: 'string', multiple: true },
      signature: { type: 'string', multiple: true },
      algorithm: { type: 'string', multiple: true },
    },
    run: addArtifact,
  },
  {
    name: 'artifacts list',
    usage: '',
    summary: 'Artifacts, newest first',
    positionals: 0,
    options: {},
    run: async ({ client, say }) => {
      const { items } = await client.call('listArtifacts')
      const rows = items.map((one) => [one.artifactId, one.name, one.version, one.status, one.size, troubleOf(one)])
      for (const line of tableOf(['ARTIFACT', 'NAME', 'VERSION', 'STATUS', 'BYTES', 'TROUBLE'], rows)) say(line)
    },
  },
  {
    name: 'artifacts show',
    usage: '<artifact>',
    summary: 'One artifact: what was checked, by which key, what it fits, and what it does to settings',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) =>
      artifactLines(await client.call('getArtifact', { params: { artifactId: positionals[0]! } })).forEach(say),
  },
  {
    name: 'artifacts revoke',
    usage: '<artifact> --reason <text>',
    summary: 'Withdraw an artifact for good; its campaigns stop',
    positionals: 1,
    options: { reason: { type: 'string' } },
    run: async ({ client, positionals, values, say }) => {
      const reason = requiredText(values, 'reason')
      await client.call('revokeArtifact', { params: { artifactId: positionals[0]! }, body: { reason } })
      say('revoked')
    },
  },
]

async function addArtifact({ client, positionals, values, say, signal }: Invocation): Promise<boolean> {
  const file = positionals[0]
  const sourceUrl = textOf(values, 'url')
  if ((file === undefined) === (sourceUrl === undefined)) throw new UsageError('either a file or --url is needed')
  const reports = listOf(values, 'reports')
  const hardwareVersions = listOf(values, 'hardware-version')
  const boards = listOf(values, 'board')
  const format = textOf(values, 'format')
  const hosting = textOf(values, 'hosting')
  const draft = await client.call('createArtifact', {
    body: {
      name: textOf(values, 'name') ?? basename(file ?? new URL(sourceUrl!).pathname),
      fits: [
        {
          oui: requiredText(values, 'oui').toUpperCase(),
          productClass: requiredText(values, 'product-class'),
          ...(hardwareVersions.length === 0 ? {} : { hardwareVersions }),
        },
      ],
      version: requiredText(values, 'version'),
      ...(reports.length === 0 ? {} : { softwareVersions: reports }),
      ...(format === undefined ? {} : { format: format as ImageFormat }),
      ...(boards.length === 0 ? {} : { boards }),
      ...(file === undefined ? {} : { size: statSync(file).size }),
      ...(sourceUrl === undefined ? {} : { sourceUrl }),
      ...(hosting === undefined ? {} : { hosting: hosting as 'origin' }),
      signatures: signaturesIn(values),
    },
  })
  say(`${draft.artifactId} ${draft.status}`)
  if (file !== undefined) await client.upload(draft.artifactId, createReadStream(file))
  const judged = await waitForVerdict({ client, signal }, draft.artifactId)
  artifactLines(judged).forEach(say)
  return judged.status === 'trusted'
}

/** Each `--signature` with the `--algorithm` in its place; none: the image carries its own. */
function signaturesIn(values: Invocation['values']): { algorithm: SignatureAlgorithm; value: string }[] {
  const files = listOf(values, 'signature')
  const algorithms = listOf(values, 'algorithm')
  if (algorithms.length > files.length) throw new UsageError('there are more --algorithm than --signature')
  return files.map((file, index) => ({
    algorithm: (algorithms[index] ?? 'ed25519') as SignatureAlgorithm,
    value: readFileSync(file).toString('base64'),
  }))
}

async function waitForVerdict(
  { client, signal }: Pick<Invocation, 'client' | 'signal'>,
  artifactId: string,
): Promise<Artifact> {
  const until = performance.now() + VERDICT_MS
  for (;;) {
    const artifact = await client.call('getArtifact', { params: { artifactId } })
    const waiting = artifact.status === 'awaiting_content' || artifact.status === 'quarantined'
    if (!waiting || performance.now() > until) return artifact
    await sleep(200, undefined, { signal })
  }
}
