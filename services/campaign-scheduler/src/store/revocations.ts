import type { Queryable } from '@sluice/sql'

/**
 * Until the transaction ends nothing is revoked, and what is being revoked is waited for. Whoever lets a campaign run
 * looks for revocations, and whoever revokes looks for campaigns: each would miss what the other has not committed.
 * Comes before any campaign is locked, as in a revocation, which writes down what it revokes and then locks.
 */
export async function holdRevocations(tx: Queryable): Promise<void> {
  await tx.query('lock table scheduler.revoked_artifacts, scheduler.revoked_releases in share mode')
}
