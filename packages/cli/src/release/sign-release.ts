import { renameSync, writeFileSync } from 'node:fs'
import { type ReleaseEnvelope, sealRelease, writeEnvelope } from '@sluice/firmware'
import { type Invocation, type Options, UsageError, textOf } from '../command.ts'
import { measureImage } from './measure-image.ts'
import { readReleaseFile } from './read-release-file.ts'
import { statementLines } from './release-view.ts'
import { SIGNER_OPTIONS, signerOf } from './signer.ts'
import { STATEMENT_OPTIONS, statementOf } from './statement-of.ts'

export const SIGN_USAGE =
  '(--image <file> --out <file> [--statement <file>] ... | --add <file>) (--key <file> | --signer <command> --public-key <file>)'
export const SIGN_OPTIONS: Options = {
  ...STATEMENT_OPTIONS,
  ...SIGNER_OPTIONS,
  out: { type: 'string' },
  add: { type: 'string' },
}

/** States and signs, or signs what others stated and signed. What is signed is shown first. */
export async function signRelease(invocation: Invocation): Promise<void> {
  const { values, say } = invocation
  const added = textOf(values, 'add')
  const out = textOf(values, 'out') ?? added
  if (out === undefined) throw new UsageError('--out is needed: where the signed release goes')
  const release = added === undefined ? sealRelease(await statementOf(values)) : await statedBefore(added, invocation)
  for (const line of statementLines(release)) say(line)

  const signer = signerOf(values)
  const { envelope } = await signer.sign(release, invocation.signal)
  replace(out, writeEnvelope(envelope))
  say(`signed by key ${signer.keyId}, ${envelope.signatures.length} in all: ${out}`)
}

/** Who has the image at hand signs what it is, and not what a file says of it. */
async function statedBefore(file: string, { values }: Invocation): Promise<ReleaseEnvelope> {
  const stated = Object.keys(STATEMENT_OPTIONS).filter((name) => name !== 'image' && values[name] !== undefined)
  if (stated.length > 0) throw new UsageError(`--add signs a release as it stands: --${stated[0]} would change it`)
  const release = readReleaseFile(file)
  const image = textOf(values, 'image')
  if (image === undefined) return release
  const { size, sha256 } = await measureImage(image)
  const { image: of } = release.statement
  if (size !== of.size || sha256 !== of.sha256) throw new UsageError(`${file} is not about ${image}: other bytes`)
  return release
}

/** Whoever is interrupted has the signatures from before. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.part`, text)
  renameSync(`${file}.part`, file)
}
