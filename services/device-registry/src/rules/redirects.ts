import {
  type InputOf,
  type RedirectRule,
  type Reply,
  answered,
  type redirectPut,
  type redirectRemove,
  refused,
} from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { changeRules } from './change-rules.ts'
import { objectionTo } from './check-redirect.ts'
import { checkLimits } from './rule-limits.ts'

export async function listRedirects(sql: Queryable): Promise<{ items: RedirectRule[] }> {
  const rows = await sql.query<{ rule: RedirectRule }>('select rule from registry.redirects order by name')
  return { items: rows.map(({ rule }) => rule) }
}

export async function putRedirect(
  parts: Parts,
  { rule, actor }: InputOf<typeof redirectPut>,
): Promise<Reply<RedirectRule>> {
  const objection = objectionTo(rule)
  if (objection !== null) return refused('invalid_request', objection)
  return changeRules(parts, async (tx, standing) => {
    const others = standing.redirects.filter(({ name }) => name !== rule.name)
    const fits = checkLimits({ ...standing, redirects: [...others, rule] })
    if (!fits.ok) return fits
    await tx.query(
      `insert into registry.redirects (name, rule) values ($1, $2::jsonb)
       on conflict (name) do update set rule = excluded.rule`,
      [rule.name, json(rule)],
    )
    await note(tx, parts, 'redirect.put', { rule }, actor)
    return answered(rule)
  })
}

export async function removeRedirect(
  parts: Parts,
  { name, actor }: InputOf<typeof redirectRemove>,
): Promise<Reply<Record<string, never>>> {
  return changeRules(parts, async (tx) => {
    const removed = await tx.query('delete from registry.redirects where name = $1 returning name', [name])
    if (removed.length === 0) return refused('not_found', 'there is no such redirect')
    await note(tx, parts, 'redirect.removed', { name }, actor)
    return answered({})
  })
}

function note(tx: Queryable, { journal, clock }: Parts, kind: string, data: object, actor: string): Promise<unknown> {
  return journal.append(tx, [{ direction: 'note', kind, at: clock.now(), actor, data }])
}
