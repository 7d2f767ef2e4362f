import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import Value from 'typebox/value'

/** What an envelope says of its payload. */
export const RELEASE_TYPE = 'application/vnd.sluice.release+json'
export const MAX_STATEMENT_BYTES = 64 * 1024

const closed = { additionalProperties: false } as const
const Version = Type.String({ minLength: 1, maxLength: 64 })

const Schema = Type.Object(
  {
    schemaVersion: Type.Literal(1),
    /** For people. */
    vendor: Type.String({ minLength: 1, maxLength: 128 }),
    /** The product line, as its vendor writes it in every release of it: what the counter counts in, on each model. */
    product: Type.String({ pattern: '^[a-z0-9][a-z0-9._/-]{0,63}$' }),
    version: Version,
    /** The exact strings that a device reports once it runs it. */
    softwareVersions: Type.Array(Version, { minItems: 1, maxItems: 16, uniqueItems: true }),
    /** Grows with every release of the product line, and never stands for other bytes on its models again. */
    counter: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    models: Type.Array(
      Type.Object(
        {
          oui: Type.String({ pattern: '^[0-9A-F]{6}$' }),
          productClass: Type.String({ maxLength: 64 }),
          /** Absent: any. */
          hardwareVersions: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 64 })),
        },
        closed,
      ),
      { minItems: 1, maxItems: 64 },
    ),
    image: Type.Object(
      {
        size: Type.Integer({ minimum: 1, maximum: 2 ** 42 }),
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      },
      closed,
    ),
    /** Devices below do not take it from where they are. Absent: from any version. */
    minimumVersion: Type.Optional(Version),
    /** RFC 3339, UTC. From then on it is offered to nobody. */
    expires: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{3})?Z$' }),
    /** Whether devices may come to it from a higher counter. */
    allowDowngrade: Type.Boolean(),
    notesUrl: Type.Optional(Type.String({ pattern: '^https?://[^\\s@\\x00-\\x1f]+$', maxLength: 256 })),
  },
  closed,
)

/** That an image may run on these models: what its vendor signs, away from every service. */
export type ReleaseStatement = Static<typeof Schema>

export type ReadStatement =
  | { readonly kind: 'read'; readonly statement: ReleaseStatement }
  | { readonly kind: 'refused'; readonly code: 'statement_too_long' | 'statement_malformed'; readonly detail: string }

const validator = Compile(Schema)
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Whatever is not known, not bounded or not in order is refused: a reader that guesses reads something else than was signed. */
export function readStatement(bytes: Uint8Array): ReadStatement {
  if (bytes.length > MAX_STATEMENT_BYTES) {
    return {
      kind: 'refused',
      code: 'statement_too_long',
      detail: `a statement has at most ${MAX_STATEMENT_BYTES} bytes`,
    }
  }
  try {
    return asStatement(JSON.parse(utf8.decode(bytes)))
  } catch {
    return malformed('it is no JSON in UTF-8')
  }
}

/** What somebody put together, before it is signed. */
export function asStatement(value: unknown): ReadStatement {
  if (!validator.Check(value)) return malformed(firstFault(value))
  return Number.isNaN(Date.parse(value.expires)) ? malformed('/expires is no time') : { kind: 'read', statement: value }
}

export function writeStatement(statement: ReleaseStatement): Buffer {
  return Buffer.from(JSON.stringify(statement, null, 2))
}

function firstFault(value: unknown): string {
  const [fault] = Value.Errors(Schema, value)
  return fault === undefined ? 'it does not fit' : `${fault.instancePath || '/'} ${fault.message}`
}

function malformed(detail: string): ReadStatement {
  return { kind: 'refused', code: 'statement_malformed', detail: detail.slice(0, 200) }
}
