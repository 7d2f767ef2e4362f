import type { Bus } from '@sluice/bus'
import type { HotStore } from '@sluice/hot-store'
import type { Clock, Log } from '@sluice/runtime'
import type { GatewaySettings } from './config.ts'
import type { Authenticator } from './http/authenticate.ts'
import type { Instruments } from './observability.ts'
import type { MessageLog } from './messages/message-log.ts'
import type { Reports } from './reports.ts'
import type { Rules } from './rules.ts'
import type { SettingsSeal } from './settings-seal.ts'
import type { Services } from './session/carry-out.ts'

/** What answering a POST takes. */
export interface GatewayParts {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly log: Log
  readonly rules: Rules
  readonly services: Services
  readonly messages: MessageLog
  readonly settings: GatewaySettings
  readonly reports: Reports
  readonly authenticator: Authenticator
  readonly instruments: Instruments
  readonly digest: (deviceKey: string, name: string, value: string) => string | null
  /** Null: gateways have no key, and keep no settings. */
  readonly settingsSeal: SettingsSeal | null
  /** Why no device may be served now; null: all is well. */
  readonly whyNot: () => string | null
  /** What a device cannot be served without, and is not to be had now. */
  readonly whatIsAway: () => string | null
}
