import type { IncomingEvent } from '@sluice/bus'
import type { DataOf, InformedDevice, deviceInformed } from '@sluice/contracts'
import type { Line } from './write-lines.ts'

/** The Informs that are worth a line: a device that is only on time, and understood, is not. */
export function informLines(
  batch: readonly IncomingEvent<DataOf<typeof deviceInformed>>[],
  passedOver: ReadonlySet<string>,
): Line[] {
  return batch.flatMap(({ id, data }) =>
    data.items.flatMap((item, place) =>
      isIdle(item) || passedOver.has(item.deviceKey) ? [] : [{ eventId: id, place, message: messageOf(item) }],
    ),
  )
}

function isIdle({ events, warnings }: InformedDevice): boolean {
  return events.every(({ code }) => code === '2 PERIODIC') && (warnings?.length ?? 0) === 0
}

function messageOf(item: InformedDevice): Line['message'] {
  return {
    deviceKey: item.deviceKey,
    sessionId: item.sessionId,
    at: item.at,
    from: 'cpe',
    method: 'Inform',
    commandKey: item.events.find(({ commandKey }) => commandKey !== '')?.commandKey ?? null,
    events: item.events.map(({ code }) => code),
    faultCode: null,
    ...(item.warnings?.length ? { warnings: item.warnings } : {}),
    // Its size is not told here.
    bytes: 0,
    ...(item.traceparent === undefined ? {} : { traceparent: item.traceparent }),
  }
}
