import type { DeviceMessage } from '@sluice/contracts'
import { type Queryable, json } from '@sluice/sql'

/** A line of a message log, and what a redelivery of it is known by. */
export interface Line {
  readonly eventId: string
  readonly place: number
  readonly message: DeviceMessage
}

/** Writes lines once, however often they come, and in one order, so that two replicas with the same ones wait and do not deadlock. Where only known devices are written of, the others' lines are dropped. */
export async function writeLines(sql: Queryable, lines: readonly Line[], onlyKnown: boolean): Promise<void> {
  if (lines.length === 0) return
  await sql.query(
    `insert into registry.device_messages (device_key, at, event_id, place, session_id, sender, method, command_key,
       events, fault_code, warnings, bytes, body, traceparent)
     select * from jsonb_to_recordset($1::jsonb) as line(device_key text, at bigint, event_id text, place integer,
       session_id text, sender text, method text, command_key text, events jsonb, fault_code integer, warnings jsonb,
       bytes bigint, body text, traceparent text)
     where not $2 or exists (select from registry.devices where devices.device_key = line.device_key)
     order by device_key, at, event_id, place
     on conflict do nothing`,
    [json(lines.map(rowOf)), onlyKnown],
  )
}

function rowOf({ eventId, place, message }: Line) {
  return {
    device_key: message.deviceKey,
    at: Date.parse(message.at),
    event_id: eventId,
    place,
    session_id: message.sessionId,
    sender: message.from,
    method: message.method,
    command_key: message.commandKey,
    events: message.events,
    fault_code: message.faultCode,
    warnings: message.warnings,
    bytes: message.bytes,
    body: message.body,
    traceparent: message.traceparent,
  }
}
