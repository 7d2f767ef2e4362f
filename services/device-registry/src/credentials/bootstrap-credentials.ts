import {
  type BootstrapCredential,
  type InputOf,
  type Reply,
  answered,
  type bootstrapCredentialPut,
  type bootstrapCredentialRemove,
  refused,
} from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Parts } from '../parts.ts'
import { modelOwner } from './seal.ts'
import { tellGateways } from './tell-gateways.ts'

type Noted = { readonly oui: string; readonly productClass: string; readonly username?: string }

/** Who may have come in by it and is remembered: gateways are told of so many; what they remember of others ends by itself. */
const MOST_TOLD = 10_000
const MOST_MODELS = 2_000

export async function putBootstrapCredential(
  parts: Parts,
  { oui, productClass, username, password, actor }: InputOf<typeof bootstrapCredentialPut>,
): Promise<Reply<BootstrapCredential>> {
  const sealed = parts.seal.close(modelOwner({ oui, productClass }), password)
  const reply = await parts.sql.transaction(async (tx): Promise<Reply<BootstrapCredential>> => {
    const [count] = await tx.query<{ others: number }>(
      'select count(*) as others from registry.bootstrap_credentials where (oui, product_class) <> ($1, $2)',
      [oui, productClass],
    )
    if ((count?.others ?? 0) >= MOST_MODELS) return refused('conflict', `there are ${MOST_MODELS} of them already`)
    await tx.query(
      `insert into registry.bootstrap_credentials (oui, product_class, username, sealed_password) values ($1, $2, $3, $4)
       on conflict (oui, product_class) do update set
         username = excluded.username, sealed_password = excluded.sealed_password`,
      [oui, productClass, username, sealed],
    )
    await note(tx, parts, 'bootstrap_credential.put', { oui, productClass, username }, actor)
    return answered({ oui, productClass, username })
  })
  parts.wakeRelay()
  return reply
}

export async function listBootstrapCredentials(sql: Queryable): Promise<{ items: BootstrapCredential[] }> {
  const items = await sql.query<BootstrapCredential>(
    'select oui, product_class as "productClass", username from registry.bootstrap_credentials order by oui, product_class',
  )
  return { items }
}

export async function removeBootstrapCredential(
  parts: Parts,
  { oui, productClass, actor }: InputOf<typeof bootstrapCredentialRemove>,
): Promise<Reply<Record<string, never>>> {
  const removed = await parts.sql.transaction(async (tx) => {
    const rows = await tx.query(
      'delete from registry.bootstrap_credentials where oui = $1 and product_class = $2 returning oui',
      [oui, productClass],
    )
    if (rows.length > 0) await note(tx, parts, 'bootstrap_credential.removed', { oui, productClass }, actor)
    return rows.length > 0
  })
  parts.wakeRelay()
  return removed ? answered({}) : refused('not_found', 'this model has no bootstrap credential')
}

async function note(tx: Queryable, { journal, ids, clock }: Parts, kind: string, data: Noted, actor: string) {
  const rows = await tx.query<{ device_key: string }>(
    `select device_key from registry.devices
     where oui = $1 and product_class = $2 and not exists (
       select from registry.credentials as own
       where own.device_key = devices.device_key and own.purpose = 'cwmp' and own.sealed_password is not null)
     order by device_key limit $3`,
    [data.oui, data.productClass, MOST_TOLD],
  )
  const at = clock.now()
  const without = rows.map((row) => row.device_key)
  await journal.append(tx, [{ direction: 'note', kind, at, actor, data }, ...tellGateways(ids, without, actor, at)])
}
