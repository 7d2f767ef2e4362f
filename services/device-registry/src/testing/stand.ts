import { type Bus, createEmbeddedBus } from '@sluice/bus'
import {
  type DeviceMessage,
  type EventMessage,
  type DataOf,
  type InformedDevice,
  type InputOf,
  type OutputOf,
  type Reply,
  type RequestMessage,
  credentialChanged,
  deviceChanged,
  deviceKeyOf,
  gatewayRulesChanged,
} from '@sluice/contracts'
import { type Clock, createIds, createLog, systemClock } from '@sluice/runtime'
import { type JournalRow, type Sql, connectPostgres, createJournal, openEmbedded } from '@sluice/sql'
import { freshDatabase, inMemory } from '@sluice/testbed'
import { inject } from 'vitest'
import { type GivenSettings, createRegistry } from '../registry.ts'

export const KINDS = ['embedded', 'postgres'] as const
export type Kind = (typeof KINDS)[number]

export const OUI = '00D09E'
export const actor = 'operator:ann'

/** A registry on a real database, and somebody who asks it over a real bus. */
export interface Stand {
  readonly sql: Sql
  readonly asker: Bus
  /** Lines of its log, JSON. */
  readonly logged: string[]
  /** Statements it ran since the start, without those of a transaction. */
  readonly statements: string[]
  /** Devices whose credentials gateways were told to forget, and revisions of rules they were told of. */
  readonly forgotten: string[]
  readonly revisions: number[]
  /** What campaigns were told of devices that operators moved or removed. */
  readonly changed: DataOf<typeof deviceChanged>['items']
  ask<M extends RequestMessage>(message: M, input: InputOf<M>): Promise<Reply<OutputOf<M>>>
  /** The data of an answer that has to be a good one. */
  get<M extends RequestMessage>(message: M, input: InputOf<M>): Promise<OutputOf<M>>
  publish<M extends EventMessage>(message: M, ...data: DataOf<M>[]): Promise<void>
  /** The same event twice, as after a crash. */
  publishAs<M extends EventMessage>(message: M, id: string, data: DataOf<M>): Promise<void>
  notes(kind: string): Promise<JournalRow[]>
  /** Everything that is stored, as text; bytes as hexadecimal. */
  stored(): Promise<string>
  close(): Promise<void>
}

export interface StandOptions {
  readonly settings?: Partial<GivenSettings>
  readonly clock?: Clock
  /** Runs before the registry starts. */
  readonly prepare?: (sql: Sql) => Promise<unknown>
}

/** Databases that no stand has any more: opening one takes longer than most tests. */
const idle: Sql[] = []

/** An empty one; its `close` leaves it to the next. */
async function takeEmbedded(): Promise<Sql> {
  const sql = idle.pop() ?? (await openEmbedded(inMemory()))
  await sql.query('drop schema if exists registry cascade; drop schema if exists bus cascade')
  return { ...sql, close: async () => void idle.push(sql) }
}

async function openDatabase(kind: Kind): Promise<Sql> {
  if (kind === 'embedded') return takeEmbedded()
  return connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
}

export async function startStand(kind: Kind, options: StandOptions = {}): Promise<Stand> {
  const closing: (() => Promise<unknown>)[] = []
  const sql = await openDatabase(kind)
  closing.push(() => sql.close())
  // Embedded, one database carries both, as on one machine.
  const busSql = kind === 'embedded' ? sql : await takeEmbedded()
  if (busSql !== sql) closing.push(() => busSql.close())
  const busLog = createLog({ service: 'bus', level: 'silent' })
  const hub = await createEmbeddedBus({ sql: busSql, clock: systemClock, log: busLog })
  closing.push(() => hub.close())
  await options.prepare?.(sql)

  const logged: string[] = []
  const statements: string[] = []
  const forgotten: string[] = []
  const revisions: number[] = []
  const changed: Stand['changed'] = []
  const ids = createIds()
  const asker = hub.as('cwmp-gateway')
  closing.push(await asker.listen(gatewayRulesChanged, ({ data }) => void revisions.push(data.revision)))
  closing.push(
    await asker.consume(
      credentialChanged,
      async (batch) => void forgotten.push(...batch.flatMap(({ data }) => data.deviceKeys)),
    ),
  )
  closing.push(
    await hub
      .as('campaign-scheduler')
      .consume(deviceChanged, async (batch) => void changed.push(...batch.flatMap(({ data }) => data.items))),
  )
  const registry = createRegistry(
    {
      sql: { ...sql, query: (text, values) => (statements.push(text), sql.query(text, values)) },
      bus: hub.as('device-registry'),
      clock: options.clock ?? systemClock,
      ids,
      log: createLog({ service: 'device-registry', destination: { write: (line) => void logged.push(line) } }),
    },
    { sealKey: 'ab'.repeat(32), ...options.settings },
  )
  await registry.start()
  closing.push(() => registry.stop())

  const ask: Stand['ask'] = (message, input) => asker.request(message, input)
  const publishAs: Stand['publishAs'] = (message, id, data) => asker.publish(message, [{ id, key: '00', data }])
  return {
    sql,
    asker,
    logged,
    statements,
    forgotten,
    revisions,
    changed,
    ask,
    publishAs,
    async get(message, input) {
      const reply = await ask(message, input)
      if (!reply.ok) throw new Error(`${message.name}: ${reply.error.code}, ${reply.error.detail}`)
      return reply.data
    },
    async publish(message, ...data) {
      for (const one of data) await publishAs(message, ids.event(), one)
    },
    async notes(kind) {
      const rows = await createJournal('registry').read(sql, { limit: 1_000 })
      return rows.filter((row) => row.direction === 'note' && row.kind === kind)
    },
    async stored() {
      const tables = await sql.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'registry'`,
      )
      const texts = []
      for (const { name } of tables) {
        const rows = await sql.query<{ text: string }>(
          `select to_jsonb(one)::text as text from registry.${name} as one`,
        )
        texts.push(...rows.map(({ text }) => text))
      }
      return texts.join('\n')
    },
    async close() {
      for (const close of closing.toReversed()) await close()
    },
  }
}

export function identity(serialNumber: string, productClass = 'RG 1') {
  const id = { oui: OUI, productClass, serialNumber }
  return { ...id, deviceKey: deviceKeyOf(id) }
}

export function imported(serialNumber: string, productClass?: string) {
  const { deviceKey: _, ...id } = identity(serialNumber, productClass)
  return id
}

export function informed(serialNumber: string, more: Partial<InformedDevice> = {}): InformedDevice {
  const id = { oui: OUI, productClass: 'RG 1', serialNumber, ...more }
  return {
    manufacturer: 'Acme',
    softwareVersion: '1.0.0',
    dataModelRoot: 'Device.',
    events: [{ code: '2 PERIODIC', commandKey: '' }],
    sessionId: 's1',
    at: '2026-01-01T00:00:00.000Z',
    ...id,
    deviceKey: deviceKeyOf(id),
  }
}

export function said(deviceKey: string, more: Partial<DeviceMessage> = {}): DeviceMessage {
  return {
    deviceKey,
    sessionId: 's1',
    at: '2026-01-01T00:00:00.000Z',
    from: 'cpe',
    method: 'TransferComplete',
    commandKey: null,
    faultCode: null,
    bytes: 900,
    ...more,
  }
}
