import {
  answered,
  deviceCredential,
  deviceGet,
  deviceImport,
  deviceInformed,
  deviceList,
  refused,
} from '@sluice/contracts'
import type { Bus, Stop } from '@sluice/bus'
import type { Clock, Ids, Log } from '@sluice/runtime'
import type { Journal, Relay, Sql } from '@sluice/sql'
import { findCredentials } from './find-credential.ts'
import { getDevice, listDevices } from './find-devices.ts'
import { importDevices } from './import-devices.ts'
import type { createObservability } from './observability.ts'
import { recordInforms } from './record-informs.ts'
import type { Seal } from './seal.ts'

export interface Parts {
  readonly sql: Sql
  readonly bus: Bus
  readonly journal: Journal
  readonly relay: Relay
  readonly seal: Seal
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly observability: ReturnType<typeof createObservability>
}

/** Which message leads to which use case. */
export function bindHandlers(parts: Parts): Promise<Stop[]> {
  const { bus, sql, observability } = parts
  return Promise.all([
    bus.consume(deviceInformed, async (batch) => {
      const items = batch.flatMap((event) => event.data.items)
      await sql.transaction((tx) => recordInforms(tx, items))
      observability.informsRecorded.add(items.length)
    }),
    bus.serve(deviceList, (batch) =>
      Promise.all(batch.map(async ({ input }) => answered(await listDevices(sql, input)))),
    ),
    bus.serve(deviceGet, (batch) =>
      Promise.all(
        batch.map(async ({ input }) => {
          const device = await getDevice(sql, input.device)
          return device ? answered(device) : refused('not_found', 'there is no such device')
        }),
      ),
    ),
    bus.serve(deviceImport, (batch) =>
      Promise.all(
        batch.map(async ({ input }) => {
          const result = await sql.transaction((tx) => importDevices(tx, parts, input, parts.clock.now()))
          parts.relay.wake()
          observability.devicesImported.add(input.items.length)
          return answered(result)
        }),
      ),
    ),
    bus.serve(
      deviceCredential,
      async (batch) => {
        const found = await findCredentials(
          sql,
          parts.seal,
          batch.map(({ input }) => input),
        )
        for (const { kind } of found) observability.credentialsAsked.add(1, { answer: kind })
        return found.map((credential) => answered(credential))
      },
      { gatherMs: 2 },
    ),
  ])
}
