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

/** A service's journal with its hash chain, batch by batch, for somebody who recomputes it. */
function chainOf(name: string, server: string, of: string) {
  return request(name, {
    server,
    deadlineMs: 10_000,
    description: `The audit trail of ${of}, with its hash chain, batch by batch, for somebody who recomputes it.`,
    input: Type.Object({
      cursor: Type.Optional(Cursor),
      /** Entries; an answer may have fewer. */
      limit: Type.Integer({ minimum: 1, maximum: 1_000 }),
    }),
    output: AuditPage,
  })
}
export type AuditRequest = ReturnType<typeof chainOf>

export const auditList = chainOf('audit.list', 'campaign-scheduler', 'campaigns and their upgrades')
export const deviceAuditList = chainOf('device_audit.list', 'device-registry', 'devices, credentials and gateway rules')
export const taskAuditList = chainOf('task_audit.list', 'device-tasks', 'tasks and fleet tasks')
export const trustAuditList = chainOf(
  'trust_audit.list',
  'firmware-verifier',
  'keys, thresholds, releases and verdicts',
)
export const artifactAuditList = chainOf('artifact_audit.list', 'artifact-resolver', 'artifacts')

/** By what it is about: each service that decides has a trail of its own. */
export const AUDIT_TRAILS = ['campaigns', 'devices', 'tasks', 'trust', 'artifacts'] as const
export const AuditTrail = Type.Enum([...AUDIT_TRAILS])
export type AuditTrail = Static<typeof AuditTrail>
