import { answered, type Reply, type TrustKey } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { asMessage, listKeys } from '../store/trust-keys.ts'

export async function listAllKeys(parts: Parts): Promise<Reply<{ items: TrustKey[] }>> {
  const now = parts.clock.now()
  return answered({ items: (await listKeys(parts.sql)).map((row) => asMessage(row, now)) })
}
