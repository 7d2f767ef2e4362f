import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, deviceNotified } from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'
import type { Line } from './write-lines.ts'

type Notified = DataOf<typeof deviceNotified>

const SECRET = /password|passphrase|secret|presharedkey|wepkey|psk/i

/** TR-069 Annex M: which parameters changed is always told, to what only where bodies are kept. */
export async function notifiedLines(sql: Queryable, batch: readonly IncomingEvent<Notified>[]): Promise<Line[]> {
  const keys = batch.flatMap(({ data }) => data.items.map(({ deviceKey }) => deviceKey))
  const rows = await sql.query<{ device_key: string }>(
    'select device_key from registry.devices where logs_bodies and device_key = any($1::text[])',
    [keys],
  )
  const withValues = new Set(rows.map((row) => row.device_key))
  return batch.flatMap(({ id, data, traceparent }) =>
    data.items.map((item, place) => {
      const body = bodyOf(item.parameters, withValues.has(item.deviceKey))
      return {
        eventId: id,
        place,
        message: {
          deviceKey: item.deviceKey,
          // It comes by UDP, outside of sessions.
          sessionId: '',
          at: item.at,
          from: 'cpe' as const,
          method: 'Notification',
          commandKey: null,
          faultCode: null,
          bytes: 0,
          body,
          ...(traceparent === undefined ? {} : { traceparent }),
        },
      }
    }),
  )
}

function bodyOf(parameters: Notified['items'][number]['parameters'], withValues: boolean): string {
  return parameters
    .map(({ name, value }) => (withValues ? `${name}=${SECRET.test(name) ? '***' : value}` : name))
    .join('\n')
}
