import { pageOf } from '@sluice/bus'
import {
  type DeviceMessage,
  type InputOf,
  type OutputOf,
  type Reply,
  answered,
  type deviceMessageList,
  refused,
} from '@sluice/contracts'
import type { Queryable } from '@sluice/sql'

interface MessageRow {
  readonly at: number
  readonly event_id: string
  readonly place: number
  readonly session_id: string
  readonly sender: DeviceMessage['from']
  readonly method: string
  readonly command_key: string | null
  readonly events: string[] | null
  readonly fault_code: number | null
  readonly warnings: string[] | null
  readonly bytes: number
  readonly body: string | null
  readonly traceparent: string | null
}

/** The message log of a device, newest first. */
export async function listMessages(
  sql: Queryable,
  { deviceKey, method, commandKey, cursor, limit }: InputOf<typeof deviceMessageList>,
): Promise<Reply<OutputOf<typeof deviceMessageList>>> {
  const from = cursor === undefined ? NEWEST : readCursor(cursor)
  if (from === null) return refused('invalid_request', 'the cursor is none of ours')
  // An Inform that was also told with its size says all that the one without does.
  const rows = await sql.query<MessageRow>(
    `select at, event_id, place, session_id, sender, method, command_key, events, fault_code, warnings, bytes, body, traceparent
     from registry.device_messages as message
     where device_key = $1 and (at, event_id, place) < ($2::bigint, $3, $4::integer)
       and ($5::text is null or method = $5) and ($6::text is null or command_key = $6)
       and not (method = 'Inform' and bytes = 0 and exists (select from registry.device_messages as fuller
         where fuller.device_key = message.device_key and fuller.session_id = message.session_id
           and fuller.method = 'Inform' and fuller.bytes > 0))
     order by at desc, event_id desc, place desc limit $7`,
    [deviceKey, from.at, from.eventId, from.place, method, commandKey, limit + 1],
  )
  const items = pageOf(
    rows.map((row) => messageOf(deviceKey, row)),
    limit,
  )
  const last = rows[items.length - 1]
  return answered({
    items,
    next: last !== undefined && rows.length > items.length ? `${last.at}.${last.place}.${last.event_id}` : null,
  })
}

const NEWEST = { at: Number.MAX_SAFE_INTEGER, eventId: '', place: 0 }

function readCursor(cursor: string): typeof NEWEST | null {
  const [, at, place, eventId] = /^(\d{1,15})\.(\d{1,9})\.([\x21-\x7e]{1,128})$/.exec(cursor) ?? []
  if (at === undefined || place === undefined || eventId === undefined) return null
  return { at: Number(at), eventId, place: Number(place) }
}

function messageOf(deviceKey: string, row: MessageRow): DeviceMessage {
  return {
    deviceKey,
    sessionId: row.session_id,
    at: new Date(row.at).toISOString(),
    from: row.sender,
    method: row.method,
    commandKey: row.command_key,
    ...(row.events === null ? {} : { events: row.events }),
    faultCode: row.fault_code,
    ...(row.warnings === null ? {} : { warnings: row.warnings }),
    bytes: row.bytes,
    ...(row.body === null ? {} : { body: row.body }),
    ...(row.traceparent === null ? {} : { traceparent: row.traceparent }),
  }
}
