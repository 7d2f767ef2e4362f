import {
  answered,
  refused,
  type InputOf,
  type OutputOf,
  type Reply,
  type TrustThreshold,
  type trustThresholdApprove,
  type trustThresholdList,
  type trustThresholdPut,
} from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { lockKeys } from '../store/trust-keys.ts'
import { asMessage, requiredFor, saveThreshold, thresholdRows, type ThresholdRow } from '../store/trust-thresholds.ts'

/** Each asks for a look at every verdict: there are as many as there are models with rules of their own. */
const MAX_THRESHOLDS = 1_024

export async function listThresholds(parts: Parts): Promise<Reply<OutputOf<typeof trustThresholdList>>> {
  const items = (await thresholdRows(parts.sql)).map(asMessage)
  return answered({ items, requiredKeysElsewhere: parts.settings.requiredKeys })
}

/** More keys hold at once; fewer wait, where a second person is asked for, until that person agreed. */
export async function putThreshold(
  input: InputOf<typeof trustThresholdPut>,
  parts: Parts,
): Promise<Reply<TrustThreshold>> {
  const { oui, requiredKeys, actor } = input
  const productClass = input.productClass ?? ''
  const now = parts.clock.now()
  return parts.sql.transaction(async (tx) => {
    const rows = await lockThresholds(tx)
    const there = rows.find((row) => row.oui === oui && row.product_class === productClass)
    if (there === undefined && rows.length >= MAX_THRESHOLDS) {
      return refused('conflict', `there are ${MAX_THRESHOLDS} thresholds already`)
    }
    const holds = there?.required_keys ?? requiredFor({ oui, productClass }, rows, parts.settings.requiredKeys)
    const waits = parts.settings.secondPerson && requiredKeys < holds
    const scope = { oui, product_class: productClass }
    const row: ThresholdRow = waits
      ? {
          ...(there ?? { ...scope, required_keys: null, set_at: now, set_by: actor }),
          proposed: { requiredKeys, by: actor, at: now },
        }
      : { ...scope, required_keys: requiredKeys, set_at: now, set_by: actor, proposed: null }
    await saveThreshold(tx, row)
    const kind = waits ? 'trust_threshold.proposed' : 'trust_threshold.set'
    await note(parts, tx, kind, actor, now, { oui, productClass: input.productClass, requiredKeys })
    return answered(asMessage(row))
  })
}

/** As with keys: a second person agrees to what they saw. */
export async function approveThreshold(
  { oui, productClass, requiredKeys, actor }: InputOf<typeof trustThresholdApprove>,
  parts: Parts,
): Promise<Reply<TrustThreshold>> {
  const now = parts.clock.now()
  return parts.sql.transaction(async (tx) => {
    const rows = await lockThresholds(tx)
    const there = rows.find((row) => row.oui === oui && row.product_class === (productClass ?? ''))
    if (there === undefined) return refused('not_found', 'no threshold was set for it')
    if (there.proposed === null) return refused('conflict', 'nothing waits for an approval')
    const { requiredKeys: waiting, by } = there.proposed
    if (actor === by) return refused('forbidden', 'another person than who asked for it has to approve it')
    if (requiredKeys !== waiting) return refused('conflict', `what waits is a threshold of ${waiting}`)
    const row: ThresholdRow = { ...there, required_keys: requiredKeys, set_at: now, set_by: by, proposed: null }
    await saveThreshold(tx, row)
    await note(parts, tx, 'trust_threshold.approved', actor, now, { oui, productClass, requiredKeys, askedBy: by })
    return answered(asMessage(row))
  })
}

/** Behind the lock of the keys: changes of what is trusted follow one another, and a verdict never sees half of one. */
async function lockThresholds(tx: Queryable): Promise<ThresholdRow[]> {
  await lockKeys(tx)
  return thresholdRows(tx)
}

async function note(
  { journal }: Parts,
  tx: Queryable,
  kind: string,
  actor: string,
  at: number,
  data: Record<string, unknown>,
): Promise<void> {
  await journal.append(tx, [{ direction: 'note', at, actor, kind, data }])
}
