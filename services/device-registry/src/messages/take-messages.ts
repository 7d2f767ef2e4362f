import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, deviceMessages, deviceNotified } from '@sluice/contracts'
import type { Parts } from '../parts.ts'
import { notifiedLines } from './notified-lines.ts'
import { type Line, writeLines } from './write-lines.ts'

/** What was said in sessions, into the logs of the devices. */
export function takeMessages(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof deviceMessages>>[],
): Promise<void> {
  return keepLines(
    parts,
    batch.flatMap(({ id, data }) => data.items.map((message, place) => ({ eventId: id, place, message }))),
  )
}

/** What devices said by UDP, there too. */
export async function takeNotifications(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof deviceNotified>>[],
): Promise<void> {
  await keepLines(parts, await notifiedLines(parts.sql, batch))
}

export async function keepLines(parts: Parts, lines: readonly Line[]): Promise<void> {
  if (lines.length === 0) return
  await writeLines(parts.sql, lines, !parts.settings.autoRegistration)
  parts.trimmer.touched(lines.map(({ message }) => message.deviceKey))
  parts.observability.messagesLogged.add(lines.length)
}
