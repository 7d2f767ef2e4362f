import type { Bus } from '@sluice/bus'
import {
  attemptObserved,
  deviceInformed,
  type EventMessage,
  type InformedDevice,
  type Observation,
  type ObservedFact,
  shardOf,
} from '@sluice/contracts'
import { type Clock, createBatcher, currentTraceparent, type Ids } from '@sluice/runtime'

/** What sessions learned, on its way out. Every function resolves once the bus has it for good, and rejects otherwise. */
export interface Reports {
  informed(device: InformedDevice): Promise<void>
  observed(deviceKey: string, facts: readonly ObservedFact[]): Promise<void>
  stop(): Promise<void>
}

export interface ReportsParts {
  readonly bus: Bus
  readonly ids: Ids
  readonly clock: Clock
}

/** Groups what many sessions learned within a few milliseconds into one message. */
export function createReports({ bus, ids, clock }: ReportsParts): Reports {
  const informed = groupCommit<InformedDevice>(deviceInformed, 256)
  // A snapshot has several kilobytes, and a message no more than one megabyte.
  const observed = groupCommit<Observation>(attemptObserved, 48)

  return {
    informed: async (device) => {
      await informed.add({ ...device, ...traceparent() })
    },
    observed: async (deviceKey, facts) => {
      const at = new Date(clock.now()).toISOString()
      const items = facts.map((fact) => ({ id: ids.observation(), deviceKey, at, ...traceparent(), fact }))
      await Promise.all(items.map((item) => observed.add(item)))
    },
    stop: async () => {
      await Promise.all([informed.stop(), observed.stop()])
    },
  }

  function groupCommit<Item extends { readonly deviceKey: string | null }>(
    message: typeof deviceInformed | typeof attemptObserved,
    maxItems: number,
  ) {
    return createBatcher<Item, void>({
      maxItems,
      // A CPE across a subscriber line does not notice, and the bus and the inventory work less often.
      waitMs: 20,
      maxRunning: 8,
      clock,
      run: async (items) => {
        const key = shardOf(items[0]?.deviceKey ?? '')
        await bus.publish(message as EventMessage, [{ id: ids.event(), key, data: { items } }])
        return items.map(() => undefined)
      },
    })
  }
}

function traceparent(): { traceparent?: string } {
  const current = currentTraceparent()
  return current === undefined ? {} : { traceparent: current }
}
