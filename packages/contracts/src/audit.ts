import Type, { type Static } from 'typebox'
import { request } from './define.ts'
import { Count, Cursor, Sha256, nullable } from './values.ts'

/** An entry of the journal as it was hashed: all of its columns. */
export const AuditEntry = Type.Object({
  seq: Count,
  /** `in`: a message taken. `out`: an event published. `note`: something that happened. */
  direction: Type.Union([Type.Literal('in'), Type.Literal('out'), Type.Literal('note')]),
  id: nullable(Type.String()),
  key: nullable(Type.String()),
  /** Epoch milliseconds: as it is hashed. */
  at: Type.Integer(),
  actor: Type.String(),
  kind: Type.String(),
  traceparent: nullable(Type.String()),
  campaignId: nullable(Type.String()),
  upgradeId: nullable(Type.String()),
  attemptId: nullable(Type.String()),
  deviceKey: nullable(Type.String()),
  data: Type.Unknown(),
})
export type AuditEntry = Static<typeof AuditEntry>

/** A batch of the hash chain, or a part of one. */
export const AuditPart = Type.Object({
  number: Count,
  /** 2: hash = SHA-256(previousHash, and per entry a line feed and its SHA-256). 1: with the entries themselves. */
  format: Type.Union([Type.Literal(1), Type.Literal(2)]),
  previousHash: Sha256,
  hash: Sha256,
  /** Entries of the whole batch. */
  size: Count,
  /** In the order of seq. `hash`: its content was erased by policy, or is too large to travel. */
  entries: Type.Array(
    Type.Union([
      Type.Object({ kind: Type.Literal('entry'), entry: AuditEntry }),
      Type.Object({ kind: Type.Literal('hash'), seq: Count, hash: Sha256 }),
    ]),
  ),
  /** Ends its batch. */
  last: Type.Boolean(),
})
export type AuditPart = Static<typeof AuditPart>

export const AuditPage = Type.Object({
  parts: Type.Array(AuditPart),
  /** Null at the end of the chain. */
  next: nullable(Cursor),
  /** With the last page: how many entries are stored, and how many of them wait to be sealed. */
  counts: nullable(Type.Object({ stored: Count, unsealed: Count })),
})
export type AuditPage = Static<typeof AuditPage>

export const auditList = request('audit.list', {
  server: 'campaign-scheduler',
  deadlineMs: 10_000,
  description: 'The audit trail with its hash chain, batch by batch, for somebody who recomputes it.',
  input: Type.Object({
    cursor: Type.Optional(Cursor),
    /** Entries; an answer may have fewer. */
    limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
  }),
  output: AuditPage,
})
