import { EVENTS } from '@sluice/contracts'
import type { Bus, OutgoingEvent } from './bus.ts'
import { BusError } from './bus-error.ts'

/** An event as an outbox keeps it: under its name. */
export interface OutboxEvent extends OutgoingEvent<unknown> {
  readonly name: string
}

/** Publishes what a journal's relay hands over: in its order, neighbours of one name together. */
export function publishOutbox(bus: Bus): (events: readonly OutboxEvent[]) => Promise<void> {
  return async (events) => {
    for (const run of runsOfOneName(events)) {
      const message = EVENTS.find((known) => known.name === run[0]?.name)
      if (message === undefined) throw new BusError('invalid_event', `there is no event named ${run[0]?.name}`)
      if (message.delivery === 'live') bus.announce(message, run)
      else await bus.publish(message, run)
    }
  }
}

function runsOfOneName(events: readonly OutboxEvent[]): OutboxEvent[][] {
  const runs: OutboxEvent[][] = []
  for (const event of events) {
    const last = runs.at(-1)
    if (last?.[0]?.name === event.name) last.push(event)
    else runs.push([event])
  }
  return runs
}
