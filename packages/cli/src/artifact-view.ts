import type { Artifact, Verdict } from '@sluice/contracts'
import { sourceLines } from './source-lines.ts'
import { printable, tableOf } from './table.ts'

type Evidence = NonNullable<Verdict['evidence']>
type Lines = Iterable<string>

const HOSTS = { file_server: 'our file server', origin: "the operator's own server" } as const

const FORMATS: Readonly<Record<NonNullable<Artifact['format']>, string>> = {
  raw: 'none: bytes that say nothing of themselves',
  openwrt_sysupgrade: 'OpenWrt sysupgrade',
  tr069_signed_package: 'TR-069 signed package (Annex E)',
  rauc_bundle: 'RAUC bundle',
  swupdate: 'SWUpdate',
  fit: 'FIT',
  uimage: 'uImage',
}

/** An artifact as a page: what it is, why it is trusted or not, who signed it, what it fits, what it does to settings. */
export function artifactLines(artifact: Artifact): string[] {
  const { verdict } = artifact
  return [
    `${printable(artifact.name)} ${printable(artifact.version)}  ${artifact.status}`,
    ...reasonLines(verdict),
    ...sourceLines(artifact).map((line) => `  ${line}`),
    '',
    ...pairs(identity(artifact)),
    ...section('Fits', fitLines(artifact)),
    ...section('Settings', settingsLines(verdict?.evidence)),
    ...section('Signed by', keyLines(verdict?.evidence)),
    ...section('Checks', checkLines(verdict)),
    ...section('The image says of itself', ownWords(verdict?.evidence)),
    ...section('It is made of', memberLines(verdict?.evidence)),
    ...section('Covered by no signature and no digest', unsignedLines(verdict?.evidence)),
  ]
}

function* reasonLines(verdict: Verdict | null): Lines {
  for (const { code, detail } of verdict?.reasons ?? []) yield `  because ${code}: ${printable(detail)}`
}

function* identity(artifact: Artifact): Iterable<readonly [string, string]> {
  const { verdict, softwareVersions, version } = artifact
  yield ['artifact', artifact.artifactId]
  yield ['size', artifact.size === null ? 'not known yet' : `${artifact.size} bytes`]
  yield ['SHA-256', artifact.sha256 ?? 'not known yet']
  yield ['format', artifact.format === null ? 'not known yet' : FORMATS[artifact.format]]
  if (softwareVersions.length !== 1 || softwareVersions[0] !== version) {
    yield ['devices report', softwareVersions.map(printable).join(', ')]
  }
  yield ['served by', HOSTS[artifact.hosting]]
  if (artifact.sourceUrl !== null) yield ['fetched from', printable(artifact.sourceUrl)]
  yield ['brought in', `${artifact.createdAt} by ${printable(artifact.createdBy)}`]
  if (verdict !== null) yield ['judged', `${verdict.at}${judgedBy(artifact)}`]
}

function judgedBy({ statement, verdict }: Artifact): string {
  const vouching = verdict?.evidence?.keys.filter((key) => key.vouches).length
  const keys = vouching === undefined ? '' : `: ${vouching} of ${verdict!.evidence!.requiredKeys} keys vouch for it`
  const signer = statement?.signatures[0]?.keyid
  return `${keys}${signer === undefined ? '' : `; signed by the verifier, key ${printable(signer)}`}`
}

function* fitLines({ fits, verdict }: Artifact): Lines {
  for (const { oui, productClass, hardwareVersions = [] } of fits) {
    const hardware = hardwareVersions.length === 0 ? '' : `, hardware ${hardwareVersions.map(printable).join(', ')}`
    yield `${oui} ${printable(productClass)}${hardware}`
  }
  const { boards, fromVersions } = verdict?.evidence ?? { boards: null, fromVersions: null }
  if (boards !== null) yield `made for the boards ${boards.map(printable).join(', ')}`
  if (fromVersions !== null) yield `installs over ${range(fromVersions)}`
}

function range({ min, max }: NonNullable<Evidence['fromVersions']>): string {
  if (min === null && max === null) return 'any version'
  if (min === null) return `versions up to ${printable(max!)}`
  return max === null ? `version ${printable(min)} and later` : `versions ${printable(min)} to ${printable(max)}`
}

function* settingsLines(evidence: Evidence | undefined): Lines {
  if (evidence === undefined) return
  yield printable(evidence.settings.sentence)
  if (evidence.reboots !== null) yield evidence.reboots ? 'It reboots the device.' : 'It does not reboot the device.'
}

function* keyLines(evidence: Evidence | undefined): Lines {
  for (const { keyId, name, vouches, certificate, chain } of evidence?.keys ?? []) {
    yield `${keyId}  ${printable(name)}  ${vouches ? 'vouches' : 'does not count'}`
    if (certificate !== null) {
      const { subject, issuer, notAfter } = certificate
      yield `  certificate of ${printable(subject)}, issued by ${printable(issuer)}, until ${notAfter}`
    }
    if (chain.length > 0) yield `  signed through ${chain.map(printable).join(', under ')}`
  }
}

function checkLines(verdict: Verdict | null): Lines {
  const rows = (verdict?.checks ?? []).map(({ check, passed, detail }) => [
    passed ? 'ok' : 'FAILED',
    check,
    detail ?? '',
  ])
  // Without a header: the words say what they are.
  return rows.length === 0 ? [] : tableOf(['', '', ''], rows).slice(1)
}

function* ownWords(evidence: Evidence | undefined): Lines {
  if (evidence === undefined) return
  const said: [string, string | null][] = [
    ['version', evidence.version],
    ['description', evidence.description],
    ['built', evidence.builtAt],
    ...Object.entries(evidence.more),
  ]
  yield* pairs(
    said.flatMap(([name, value]) => (value === null ? [] : [[printable(name), printable(value)] as const])),
    '',
  )
}

function memberLines(evidence: Evidence | undefined): Lines {
  const rows = (evidence?.members ?? []).map(({ name, size, sha256 }) => [name, `${size} bytes`, sha256 ?? ''])
  const lines = rows.length === 0 ? [] : tableOf(['', '', ''], rows).slice(1)
  const leftOut = evidence?.leftOut ?? 0
  return leftOut === 0 ? lines : [...lines, `and ${leftOut} more that are not listed`]
}

function* unsignedLines(evidence: Evidence | undefined): Lines {
  for (const { start, end, why } of evidence?.unsigned ?? []) yield `bytes ${start} to ${end - 1}: ${printable(why)}`
}

function* section(title: string, lines: Lines): Lines {
  const all = [...lines]
  if (all.length === 0) return
  yield ''
  yield title
  for (const line of all) yield `  ${line}`
}

/** Names and values, the values under one another. */
function pairs(rows: Iterable<readonly [string, string]>, indent = '  '): string[] {
  const all = [...rows]
  const width = Math.max(0, ...all.map(([name]) => name.length))
  return all.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`)
}
