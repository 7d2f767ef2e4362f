import { createReadStream, readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { basename } from 'node:path'
import type { Artifact, SignatureAlgorithm } from '@sluice/contracts'
import { sourceLines, troubleOf } from './artifact-lines.ts'
import { type Command, type Invocation, UsageError, listOf, requiredText, textOf } from './command.ts'
import { printable, tableOf } from './table.ts'

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
      signature: { type: 'string' },
      algorithm: { type: 'string', default: 'ed25519' },
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
    summary: 'One artifact: what was checked, by which key, and why it was rejected',
    positionals: 1,
    options: {},
    run: async ({ client, positionals, say }) =>
      showArtifact(await client.call('getArtifact', { params: { artifactId: positionals[0]! } }), say),
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
      ...(file === undefined ? {} : { size: statSync(file).size }),
      ...(sourceUrl === undefined ? {} : { sourceUrl }),
      ...(hosting === undefined ? {} : { hosting: hosting as 'origin' }),
      signatures: [
        {
          algorithm: requiredText(values, 'algorithm') as SignatureAlgorithm,
          value: readFileSync(requiredText(values, 'signature')).toString('base64'),
        },
      ],
    },
  })
  say(`${draft.artifactId} ${draft.status}`)
  if (file !== undefined) await client.upload(draft.artifactId, createReadStream(file))
  const judged = await waitForVerdict({ client, signal }, draft.artifactId)
  showArtifact(judged, say)
  return judged.status === 'trusted'
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

function showArtifact(artifact: Artifact, say: (line: string) => void): void {
  say(`${artifact.artifactId}  ${printable(artifact.name)}  ${printable(artifact.version)}  ${artifact.status}`)
  say(`  size ${artifact.size ?? '-'}  sha256 ${artifact.sha256 ?? '-'}  served by ${artifact.hosting}`)
  for (const line of sourceLines(artifact)) say(`  ${line}`)
  for (const fit of artifact.fits)
    say(
      `  fits ${fit.oui} ${printable(fit.productClass)} ${(fit.hardwareVersions ?? []).map(printable).join(', ')}`.trimEnd(),
    )
  for (const check of artifact.verdict?.checks ?? []) {
    const key = check.keyId === undefined ? '' : ` by key ${check.keyId}`
    say(
      `  ${check.passed ? 'passed' : 'FAILED'} ${check.check}${key}${check.detail === undefined ? '' : `: ${printable(check.detail)}`}`,
    )
  }
  for (const reason of artifact.verdict?.reasons ?? []) say(`  because ${reason.code}: ${printable(reason.detail)}`)
}
