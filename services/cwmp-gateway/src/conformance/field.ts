import {
  answered,
  type DeviceCall,
  deviceKeyOf,
  type DeviceMessage,
  type InformedDevice,
  type ObservedFact,
} from '@sluice/contracts'
import { createMemoryHotStore, type HotRecord } from '@sluice/hot-store'
import { defaultProfiles, deviceProfile, type ModelProfile } from '@sluice/model-profiles'
import { type Clock, systemClock } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import type { GatewaySettings } from '../config.ts'
import { answerValues, createCpe, type CpeOptions, type Heard, type TestCpe } from '../testing/cpe.ts'
import type { TaskItem } from '../testing/other-services.ts'
import { openStand, type Stand } from '../testing/stand.ts'
import { natsTransport } from '../testing/transports.ts'
import { go, hint, watchOf } from '../testing/upgrade-parts.ts'
import { inject } from 'vitest'
import { openRawLine, type RawLine } from './raw-line.ts'
import { type WrittenInform, writtenInform } from './written.ts'

/** A CPE that nobody else is. */
export interface FieldCpe extends TestCpe {
  readonly serial: string
  /** Its Inform as text, to be changed as devices in the field do. */
  written(about?: Partial<WrittenInform>): string
  /** Sends that. */
  contact(about?: Partial<WrittenInform>): Promise<Heard>
  record(): Promise<HotRecord>
  /** What the inventory learned from its Informs, once there are `count`. */
  informs(count?: number): Promise<readonly InformedDevice[]>
  /** What the scheduler learned of it, once there are `count`. */
  facts(count: number): Promise<readonly ObservedFact[]>
  /** Of this kind, so far. */
  heard(kind: ObservedFact['kind']): readonly ObservedFact[]
  /** What device-tasks was told of its calls, once there are `count`. */
  reports(count: number): Promise<readonly TaskItem[]>
  /** Its message log, once this method is in it. */
  messages(method: string): Promise<readonly DeviceMessage[]>
  /** An operator's call, as a hint on its record. */
  isAsked(call: DeviceCall): Promise<string>
  /** An upgrade, as a hint on its record. */
  isHinted(n: number): Promise<void>
  /** From its Inform to the Download of that upgrade. */
  toDownload(about?: Partial<WrittenInform>): Promise<Heard>
}

export interface CpeAbout extends Partial<Omit<CpeOptions, 'serial'>> {
  readonly model?: string
  readonly oui?: string
  readonly root?: 'Device.' | 'InternetGatewayDevice.'
}

/** A gateway with everything around it: what it is asked over real sockets, and all that it says to the others. */
export interface Field {
  readonly stand: Stand
  readonly port: number
  cpe(about?: CpeAbout): FieldCpe
  line(port?: number): Promise<RawLine>
  close(): Promise<void>
}

export interface FieldOptions {
  readonly settings?: Partial<GatewaySettings>
  /** Besides those that are shipped. */
  readonly profiles?: readonly ModelProfile[]
  /** Of the gateway and of the hot store. */
  readonly clock?: Clock
}

/** As `deviceProfile`, but for this model. */
export function profileOf(productClass: string, deviations: Partial<ModelProfile>): ModelProfile {
  return { ...deviceProfile, match: { productClass, root: 'Device.' }, ...deviations, name: `of-${productClass}` }
}

export async function openField({
  settings = {},
  profiles = [],
  clock = systemClock,
}: FieldOptions = {}): Promise<Field> {
  const calls = new Map<string, DeviceCall>()
  const open: { close(): void }[] = []
  let count = 0
  const hotStore = createMemoryHotStore({ clock })
  const stand = await openStand({ settings, transport: await natsTransport(inject('natsUrl')), clock, hotStore })
  const { others } = stand
  const committed = new Set<string>()
  stand.onClaim = ({ deviceKey, upgradeId }) => {
    const n = Number(upgradeId.slice(4))
    const name = `${deviceKey} ${upgradeId}`
    if (committed.has(name)) return answered({ kind: 'open', watch: watchOf(n), check: true })
    committed.add(name)
    return go(n)
  }
  others.onCall = (taskId) => {
    const call = calls.get(taskId)
    if (call === undefined) return answered({ kind: 'gone' })
    calls.delete(taskId)
    const commandKey = 'commandKey' in call && call.commandKey !== undefined ? call.commandKey : taskId
    return answered({ kind: 'go', call, commandKey, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })
  }

  const field: Field = {
    stand,
    port: stand.gateways[0]!.port,
    cpe: createFieldCpe,
    async line(port = field.port) {
      const line = await openRawLine(port)
      open.push({ close: line.drop })
      return line
    },
    async close() {
      open.forEach((each) => each.close())
      await stand.close()
    },
  }
  if (profiles.length > 0) await putInForce()
  return field

  /** Until the gateway speaks to a model as its profile says: it asks for rules when it hears that there are newer ones. */
  async function putInForce(): Promise<void> {
    const probe = createFieldCpe({ model: 'Probe' })
    await waitUntil(async () => {
      await others.setRules({
        profiles: [...defaultProfiles, ...profiles, profileOf('Probe', { xmlDeclaration: true })],
      })
      return (await probe.contact()).body.startsWith('<?xml')
    })
  }

  function createFieldCpe({ model = 'HomeBox', oui = '00D09E', root = 'Device.', ...more }: CpeAbout = {}): FieldCpe {
    const serial = `F${++count}`
    const deviceKey = deviceKeyOf({ oui, productClass: model, serialNumber: serial })
    const ofThis = <T extends { readonly deviceKey: string | null }>(items: readonly T[]) =>
      items.filter((item) => item.deviceKey === deviceKey)
    const reach = async <T>(list: () => readonly T[], wanted: number) => {
      await waitUntil(() => list().length >= wanted)
      return list()
    }
    const base = createCpe({ serial, port: () => field.port, ...more })
    const facts = () => ofThis(stand.observed).map(({ fact }) => fact)
    const cpe: FieldCpe = Object.assign(base, {
      serial,
      deviceKey,
      written: (about = {}) => writtenInform({ serial, model, oui, root, ...about }),
      contact: (about = {}) => cpe.post(cpe.written(about), { 'content-type': 'text/xml; charset=utf-8' }),
      record: async () => {
        const key = { deviceKey, token: `probe${++count}` }
        return (await stand.hotStore.open([{ key, state: '', ttlMs: 1_000, version: null }]))[0]!.record
      },
      informs: (wanted = 1) => reach(() => ofThis(stand.informed), wanted),
      facts: (wanted) => reach(facts, wanted),
      heard: (kind) => facts().filter((fact) => fact.kind === kind),
      reports: (wanted) => reach(() => ofThis(others.reports), wanted),
      messages: async (method) => {
        await waitUntil(() => ofThis(others.messages).some((line) => line.method === method))
        return ofThis(others.messages)
      },
      isAsked: async (call) => {
        const taskId = `tsk_${String(++count).padStart(26, '0')}`
        calls.set(taskId, call)
        await stand.hotStore.place([{ op: 'put_task', deviceKey, task: { kind: 'call', taskId, revision: 1 } }])
        return taskId
      },
      isHinted: (n) => stand.hotStore.place([hint(deviceKey, n)]),
      toDownload: async (about = {}) => {
        await cpe.contact(about)
        let heard = await cpe.empty()
        while (heard.rpc === 'GetParameterValues') {
          heard = await cpe.say(
            'GetParameterValuesResponse',
            answerValues(heard, () => 'x'),
          )
        }
        return heard
      },
    } satisfies Omit<FieldCpe, keyof TestCpe> & { deviceKey: string })
    open.push(base)
    return cpe
  }
}
