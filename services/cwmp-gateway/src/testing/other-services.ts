import {
  answered,
  credentialConfirm,
  credentialIssue,
  type DeviceMessage,
  deviceMessages,
  type GatewayRules,
  gatewayRulesChanged,
  gatewayRulesGet,
  type InputOf,
  type OutputOf,
  type Placement,
  refused,
  type Reply,
  taskClaim,
  taskPlacements,
  taskReport,
} from '@sluice/contracts'
import { defaultProfiles } from '@sluice/model-profiles'
import type { Ids } from '@sluice/runtime'
import type { Transport } from './transports.ts'

export type CallReply = Reply<OutputOf<typeof taskClaim>>
export type TaskItem = InputOf<typeof taskReport>['items'][number]

/** device-tasks, and what the registry does besides credentials: they answer as the test says. */
export interface OtherServices {
  readonly messages: DeviceMessage[]
  /** What device-tasks was told. */
  readonly reports: TaskItem[]
  /** Devices that were issued a credential, and whose was confirmed. */
  readonly issued: string[]
  readonly confirmed: string[]
  readonly confirmations: InputOf<typeof credentialConfirm>[]
  /** Hints of calls that stand, as they are told after a loss. */
  callPlacements: readonly Placement[]
  /** What device-tasks answers to a claim. */
  onCall: (taskId: string) => CallReply
  /** While false, device-tasks takes no reports. */
  takesReports: boolean
  /** Awaited before rules that were read are told. */
  beforeRules: () => Promise<void>
  /** Puts rules in force, and tells of them. */
  setRules(changes: Partial<GatewayRules>): Promise<void>
}

export async function serveOthers(transport: Transport, ids: Ids): Promise<OtherServices> {
  const registry = await transport.bus('device-registry')
  const tasks = await transport.bus('device-tasks')
  let rules: GatewayRules = { revision: 0, profiles: [...defaultProfiles], redirects: [], logBodiesOf: [] }
  const others: OtherServices = {
    messages: [],
    reports: [],
    issued: [],
    confirmed: [],
    confirmations: [],
    callPlacements: [],
    onCall: () => answered({ kind: 'gone' }),
    takesReports: true,
    beforeRules: async () => {},
    setRules: async (changes) => {
      rules = { ...rules, ...changes, revision: rules.revision + 1 }
      const { revision } = rules
      registry.announce(gatewayRulesChanged, [{ id: ids.event(), key: 'all', data: { revision } }])
    },
  }
  await registry.consume(deviceMessages, async (batch) => {
    others.messages.push(...batch.flatMap(({ data }) => data.items))
  })
  await registry.serve(gatewayRulesGet, async (batch) => {
    const replies = batch.map(({ input: { known } }) => answered({ rules: known === rules.revision ? null : rules }))
    await others.beforeRules()
    return replies
  })
  await registry.serve(credentialIssue, async (batch) =>
    batch.map(({ input: { deviceKey } }) => {
      others.issued.push(deviceKey)
      return answered({ username: `own-${deviceKey.slice(-4)}`, password: 'issued-password' })
    }),
  )
  await registry.serve(credentialConfirm, async (batch) =>
    batch.map(({ input }) => {
      others.confirmed.push(input.deviceKey)
      others.confirmations.push(input)
      return answered({})
    }),
  )
  await tasks.serve(taskClaim, async (batch) => batch.map(({ input: { taskId } }) => others.onCall(taskId)))
  await tasks.serve(taskReport, async (batch) =>
    batch.map(({ input: { items } }) => {
      if (!others.takesReports) return refused('unavailable', 'the test takes none')
      others.reports.push(...items)
      return answered({})
    }),
  )
  await tasks.serve(taskPlacements, async (batch) =>
    batch.map(() => answered({ items: [...others.callPlacements], next: null })),
  )
  return others
}
