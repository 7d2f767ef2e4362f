import type { Bus, Stop } from '@sluice/bus'
import { type GatewayRules, gatewayRulesChanged, gatewayRulesGet } from '@sluice/contracts'
import { type KnownModel, type ModelProfile, profileFor } from '@sluice/model-profiles'
import type { Clock, Log } from '@sluice/runtime'
import { type Redirects, redirectsOf } from './redirect.ts'

/** What gateways go by besides the devices: small, whole, held in memory, never older than half a minute. */
export interface Rules {
  profileFor(model: KnownModel): ModelProfile
  readonly redirectFor: Redirects
  /** Whether the bodies of this device's messages are kept. */
  logsBodiesOf(deviceKey: string): boolean
  /** Hears of changes from now on. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface RulesParts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
  /** What holds before the registry was heard: a gateway starts without it. */
  readonly profiles: readonly ModelProfile[]
}

const LOOK_EVERY_MS = 30_000
/** Models looked up once; a fleet has some dozens of models in some versions each. */
const KEPT_MODELS = 10_000

export function createRules({ bus, clock, log, profiles }: RulesParts): Rules {
  let rules: GatewayRules = { revision: -1, profiles: [...profiles], redirects: [], logBodiesOf: [] }
  let bodiesOf: ReadonlySet<string> = new Set()
  let redirectFor = redirectsOf([])
  let found = new Map<string, ModelProfile>()
  let looking = false
  let again = false

  /** One look at a time; what was told of meanwhile may be newer than its answer, and is looked at after it. */
  const lookAround = async (): Promise<void> => {
    again = looking
    if (looking) return
    looking = true
    do {
      again = false
      await look()
    } while (again)
    looking = false
  }

  let stopHearing: Stop | undefined
  let cancel: (() => void) | undefined
  return {
    start: async () => {
      stopHearing = await bus.listen(gatewayRulesChanged, ({ data: { revision } }) => {
        if (revision > rules.revision) void lookAround()
      })
      cancel = clock.every(LOOK_EVERY_MS, () => void lookAround())
      void lookAround()
    },
    profileFor: (model) => {
      const { oui, productClass, hardwareVersion, softwareVersion, root } = model
      const key = JSON.stringify([oui, productClass, hardwareVersion, softwareVersion, root])
      const known = found.get(key)
      if (known !== undefined) return known
      if (found.size >= KEPT_MODELS) found = new Map()
      const profile = profileFor(rules.profiles, model)
      found.set(key, profile)
      return profile
    },
    redirectFor: (device) => redirectFor(device),
    logsBodiesOf: (deviceKey) => bodiesOf.has(deviceKey),
    stop: async () => {
      cancel?.()
      await stopHearing?.()
    },
  }

  /** What was heard last goes on holding while the registry is away. */
  async function look(): Promise<void> {
    const known = rules.revision < 0 ? {} : { known: rules.revision }
    const reply = await bus.request(gatewayRulesGet, known)
    if (!reply.ok) return log.debug({ code: reply.error.code }, 'cwmp.rules.unanswered')
    const { rules: newer } = reply.data
    if (newer === null || newer.revision === rules.revision) return
    rules = newer
    bodiesOf = new Set(newer.logBodiesOf)
    redirectFor = redirectsOf(newer.redirects)
    found = new Map()
    const { revision, profiles, redirects } = newer
    log.info({ revision, profiles: profiles.length, redirects: redirects.length }, 'cwmp.rules.changed')
  }
}
