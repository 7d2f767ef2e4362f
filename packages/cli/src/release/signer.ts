import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type EnvelopeSignature,
  type PublicKey,
  RELEASE_TYPE,
  type ReleaseEnvelope,
  bytesToSign,
  envelopeSigning,
  readPublicKey,
  signRelease as signWith,
  signersOf,
  withSignature,
} from '@sluice/firmware'
import { type Options, UsageError, type Values, requiredText, textOf } from '../command.ts'
import { runSigner } from './run-signer.ts'

export const SIGNER_OPTIONS: Options = {
  key: { type: 'string' },
  'passphrase-file': { type: 'string' },
  signer: { type: 'string' },
  'public-key': { type: 'string' },
}

/** Where the passphrase of a private key is looked for when no file of it is named. */
const PASSPHRASE = 'SLUICE_KEY_PASSPHRASE'

export interface Signer {
  readonly keyId: string
  /** Answers it with one more signature. */
  sign(release: ReleaseEnvelope, signal: AbortSignal): Promise<ReleaseEnvelope>
}

/** A private key in a file, or a program that has one and never shows it. */
export function signerOf(values: Values): Signer {
  const [file, command] = [textOf(values, 'key'), textOf(values, 'signer')]
  if ((file === undefined) === (command === undefined)) throw new UsageError('either --key or --signer is needed')
  return file === undefined ? outsideSigner(command!, values) : keyFileSigner(file, values)
}

function keyFileSigner(file: string, values: Values): Signer {
  const privateKey = readPrivateKey(file, values)
  const publicKey = admitted(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString(), file)
  return { keyId: publicKey.keyId, sign: async (release) => signWith(release, { publicKey, privateKey }) }
}

/** What it answers is checked before it is kept: a wrong slot, hash or padding shows here and not at the operator's. */
function outsideSigner(command: string, values: Values): Signer {
  const file = requiredText(values, 'public-key')
  const publicKey = admitted(readFileSync(file, 'utf8'), file)
  return {
    keyId: publicKey.keyId,
    async sign(release, signal) {
      const answer = await runSigner(command, bytesToSign(release), signal)
      const asBytes = [answer, Buffer.from(answer.toString('latin1'), 'base64')]
      const found = asBytes
        .map((sig) => ({ keyid: publicKey.keyId, sig: sig.toString('base64') }))
        .find((signature) => isSignature(signature, release, publicKey))
      if (found !== undefined) return { ...release, envelope: withSignature(release.envelope, found) }
      const { algorithm } = envelopeSigning(publicKey.family)
      throw new UsageError(`what the signer printed is no signature of key ${publicKey.keyId} by ${algorithm}`)
    },
  }
}

function isSignature(signature: EnvelopeSignature, { envelope }: ReleaseEnvelope, publicKey: PublicKey): boolean {
  return signersOf({ ...envelope, signatures: [signature] }, RELEASE_TYPE, [publicKey]).size === 1
}

function readPrivateKey(file: string, values: Values): KeyObject {
  const key = readFileSync(file)
  try {
    return createPrivateKey({ key, ...passphraseOf(values) })
  } catch (cause) {
    // OpenSSL's own words say nothing of which file, and may not say that it was the passphrase.
    throw new UsageError(
      `${file} is no private key that opens; its passphrase comes by --passphrase-file or ${PASSPHRASE}`,
      { cause },
    )
  }
}

function passphraseOf(values: Values): { readonly passphrase?: string } {
  const file = textOf(values, 'passphrase-file')
  const passphrase = file === undefined ? process.env[PASSPHRASE] : readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  return passphrase === undefined ? {} : { passphrase }
}

function admitted(pem: string, file: string): PublicKey {
  const read = readPublicKey(pem)
  if (read.kind === 'refused') throw new UsageError(`${file}: ${read.detail}`)
  return read.publicKey
}
