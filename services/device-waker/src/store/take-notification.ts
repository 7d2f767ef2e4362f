import type { Queryable } from '@sluice/sql'

export interface NotificationMark {
  readonly deviceKey: string
  /** Seconds since 1970, as the device said. */
  readonly timestamp: number
  readonly signature: string
}

/** So many different notifications of one second are taken; then the device has to wait for the next second. */
const PER_SECOND = 16

/**
 * Records a notification; answers whether it is new. TR-069 M.2.2 lets a timestamp come again (two changes within one
 * second), so of the newest second the signatures are kept: what is older, or was told already, changes no row.
 */
export async function takeNotification(
  tx: Queryable,
  { deviceKey, timestamp, signature }: NotificationMark,
): Promise<boolean> {
  const rows = await tx.query(
    `insert into waker.notified as notified (device_key, told_at, signatures) values ($1, $2, array[$3])
     on conflict (device_key) do update set
       told_at = excluded.told_at,
       signatures = case when excluded.told_at > notified.told_at then excluded.signatures
                         else notified.signatures || excluded.signatures end
     where excluded.told_at > notified.told_at
        or (excluded.told_at = notified.told_at and not notified.signatures @> excluded.signatures
            and cardinality(notified.signatures) < $4)
     returning device_key`,
    [deviceKey, timestamp, signature, PER_SECOND],
  )
  return rows.length > 0
}
