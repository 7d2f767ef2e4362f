import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, deviceInformed } from '@sluice/contracts'
import { informLines } from '../messages/inform-lines.ts'
import { keepLines } from '../messages/take-messages.ts'
import type { Parts } from '../parts.ts'
import { recordInforms } from './record-informs.ts'

/** Writes what devices told of themselves: one statement, and a second one if any of it is worth a line in a log. */
export async function takeInforms(
  parts: Parts,
  batch: readonly IncomingEvent<DataOf<typeof deviceInformed>>[],
): Promise<void> {
  const items = batch.flatMap((event) => event.data.items)
  const strangers = await recordInforms(parts.sql, items, parts.settings.autoRegistration, parts.clock.now())
  // No transaction around both: each can be done twice.
  await keepLines(parts, informLines(batch, strangers))
  parts.observability.informsRecorded.add(items.length)
  if (strangers.size > 0) tellOfStrangers(parts, strangers)
}

function tellOfStrangers({ log, observability }: Parts, strangers: ReadonlySet<string>): void {
  observability.informsOfStrangers.add(strangers.size)
  log.info({ devices: strangers.size, device_keys: [...strangers].slice(0, 5) }, 'registry.inform.of_stranger')
}
