import { type GatewayRules, type Reply, gatewayRulesChanged } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { readRules } from './read-rules.ts'

/**
 * One change of the rules: the change itself, the next revision, and word of it after the commit. A refusal changes
 * nothing: it has to come before anything was written.
 */
export async function changeRules<T>(
  parts: Parts,
  change: (tx: Queryable, standing: GatewayRules) => Promise<Reply<T>>,
): Promise<Reply<T>> {
  const { reply, revision } = await parts.sql.transaction(async (tx) => {
    const changed = await change(tx, await lockRules(tx))
    return { reply: changed, revision: changed.ok ? await nextRevision(tx) : undefined }
  })
  if (revision !== undefined) announceRules(parts, revision)
  return reply
}

/** The rules as they stand; nobody else changes them before the commit. */
export async function lockRules(tx: Queryable): Promise<GatewayRules> {
  await tx.query('select from registry.rules for update')
  // A statement of its own, which sees what those before us in the row have committed.
  return readRules(tx)
}

export async function nextRevision(tx: Queryable): Promise<number> {
  const [row] = await tx.query<{ revision: number }>(
    'update registry.rules set revision = revision + 1 returning revision',
  )
  return row?.revision ?? 0
}

/** Who misses it asks by itself. */
export function announceRules({ bus, ids }: Pick<Parts, 'bus' | 'ids'>, revision: number): void {
  bus.announce(gatewayRulesChanged, [{ id: ids.event(), key: 'all', data: { revision } }])
}
