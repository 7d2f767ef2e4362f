import Type, { type TObject, type TSchema } from 'typebox'
import type { ErrorCode } from '../errors.ts'
import { HistoryEntry } from '../upgrade.ts'
import { Count, Cursor, nullable } from '../values.ts'

/** One operation of the REST interface: server, client and OpenAPI are made from it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Parameters in braces, as in OpenAPI. */
  readonly path: string
  readonly summary: string
  readonly params: TObject
  readonly query: TObject
  /** `bytes`: an octet stream. */
  readonly body: TSchema | 'bytes' | null
  readonly status: 200 | 201 | 202
  /** `events`: server-sent events. `bytes`: an octet stream. `document`: JSON, CSV or HTML, as `format` says. */
  readonly response: TSchema | 'events' | 'bytes' | 'document'
  /** Besides invalid_request, unauthorized, unavailable, deadline_exceeded and internal, which any may answer. */
  readonly errors: readonly ErrorCode[]
}

export function operation<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | 'bytes' | null,
  R extends TSchema | 'events' | 'bytes' | 'document',
>(of: Omit<Operation, 'params' | 'query' | 'body' | 'response'> & { params: P; query: Q; body: B; response: R }) {
  return of
}

export const none = Type.Object({})
export const page = {
  cursor: Type.Optional(Cursor),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
}
export const pageOf = <S extends TSchema>(item: S) => Type.Object({ items: Type.Array(item), next: nullable(Cursor) })
/** A device key or a readable name. */
export const device = Type.Object({ device: Type.String({ minLength: 1, maxLength: 512 }) })
export const because = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 512 }) },
  { additionalProperties: false },
)
export const history = Type.Object({ items: Type.Array(HistoryEntry) })
export const historyQuery = Type.Object({
  afterSeq: Type.Optional(Count),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
