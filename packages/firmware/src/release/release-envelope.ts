import { createHash } from 'node:crypto'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { type Envelope, type EnvelopeSignature, payloadOf, signedBytesOf } from '../dsse.ts'
import {
  MAX_STATEMENT_BYTES,
  type ReadStatement,
  RELEASE_TYPE,
  type ReleaseStatement,
  readStatement,
  writeStatement,
} from './statement.ts'

export const MAX_RELEASE_SIGNATURES = 8
/** In base64 a third longer, beside the signatures. */
export const MAX_ENVELOPE_CHARACTERS = 2 * MAX_STATEMENT_BYTES

const closed = { additionalProperties: false } as const
const Base64 = '^[A-Za-z0-9+/]+={0,2}$'
const Schema = Type.Object(
  {
    payloadType: Type.Literal(RELEASE_TYPE),
    payload: Type.String({ pattern: Base64 }),
    signatures: Type.Array(
      Type.Object(
        {
          keyid: Type.String({ pattern: '^[0-9a-f]{16}$' }),
          sig: Type.String({ pattern: Base64, maxLength: 2_048 }),
        },
        closed,
      ),
      { maxItems: MAX_RELEASE_SIGNATURES },
    ),
  },
  closed,
)
const validator = Compile(Schema)

export interface ReleaseEnvelope {
  readonly envelope: Envelope
  readonly statement: ReleaseStatement
  /** `rel_` and the first 32 hexadecimal digits of SHA-256 over the statement: known before anybody registers it. */
  readonly releaseId: string
}

export type ReadRelease =
  | ({ readonly kind: 'read' } & ReleaseEnvelope)
  | Extract<ReadStatement, { kind: 'refused' }>
  | {
      readonly kind: 'refused'
      readonly code: 'envelope_too_long' | 'envelope_malformed'
      readonly detail: string
    }

/** A statement in its envelope, as it stands in a file. Who signed it is not looked at. */
export function readRelease(text: string): ReadRelease {
  if (text.length > MAX_ENVELOPE_CHARACTERS) {
    return {
      kind: 'refused',
      code: 'envelope_too_long',
      detail: `an envelope has at most ${MAX_ENVELOPE_CHARACTERS} characters`,
    }
  }
  const envelope = parse(text)
  const payload = envelope && payloadOf(envelope)
  if (envelope === null || payload === null) {
    return { kind: 'refused', code: 'envelope_malformed', detail: `no DSSE envelope of ${RELEASE_TYPE}` }
  }
  const read = readStatement(payload)
  return read.kind === 'refused'
    ? read
    : { kind: 'read', envelope, statement: read.statement, releaseId: releaseIdOf(payload) }
}

/** Signed by nobody so far. */
export function sealRelease(statement: ReleaseStatement): ReleaseEnvelope {
  const payload = writeStatement(statement)
  const envelope = { payloadType: RELEASE_TYPE, payload: payload.toString('base64'), signatures: [] }
  return { envelope, statement, releaseId: releaseIdOf(payload) }
}

/** The bytes that whoever agrees has to sign. */
export function bytesToSign({ envelope }: Pick<ReleaseEnvelope, 'envelope'>): Buffer {
  return signedBytesOf(RELEASE_TYPE, payloadOf(envelope)!)
}

/** A key signs once: its new signature takes the place of its old one. */
export function withSignature(envelope: Envelope, signature: EnvelopeSignature): Envelope {
  const others = envelope.signatures.filter(({ keyid }) => keyid !== signature.keyid)
  return { ...envelope, signatures: [...others, signature] }
}

export function writeEnvelope({ payloadType, payload, signatures }: Envelope): string {
  return `${JSON.stringify({ payloadType, payload, signatures }, null, 2)}\n`
}

function releaseIdOf(payload: Uint8Array): string {
  return `rel_${createHash('sha256').update(payload).digest('hex').slice(0, 32)}`
}

function parse(text: string): Envelope | null {
  try {
    const value: unknown = JSON.parse(text)
    return validator.Check(value) && value.signatures.every(({ sig }) => isOneSpelling(sig)) ? value : null
  } catch {
    return null
  }
}

/** Base64 leaves bits of its last character without a meaning: they have to be zero. */
function isOneSpelling(base64: string): boolean {
  return Buffer.from(base64, 'base64').toString('base64') === base64
}
