import { defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'

/** Durations in milliseconds. What is left out takes the default. */
export interface DeviceTasksSettings {
  /** 32 bytes as 64 hexadecimal characters. */
  readonly sealKey: string
  /** How long tasks are kept after they have ended. */
  readonly retentionMs?: number
  /** Tasks of one device that have not ended; one more is refused. */
  readonly maxOpenPerDevice?: number
  /** Until a task is timed out, where its draft does not say. */
  readonly deadlineMs?: number
  /** Connection requests asked for by one fleet task. The waker has a pace of its own besides. */
  readonly fleetWakesPerSecond?: number
  /**
   * Who sends connection requests by XMPP (ConnReqAllowedJabberIDs, TR-069 K.2.2), without resource: the server may
   * choose another one. Empty: the parameter is not written.
   */
  readonly wakerJabberId?: string
  /** How often deadlines, wakes and fleet tasks are looked after. */
  readonly tickMs?: number
  /** Rows moved, written or deleted in one transaction. */
  readonly pageSize?: number
  /** How long claims, and reports, wait for company before they are committed together. */
  readonly gatherMs?: number
}

export const defaultSettings = {
  retentionMs: 30 * 86_400_000,
  maxOpenPerDevice: 32,
  deadlineMs: 86_400_000,
  fleetWakesPerSecond: 50,
  wakerJabberId: '',
  tickMs: 500,
  pageSize: 200,
  gatherMs: 2,
} as const satisfies Omit<Required<DeviceTasksSettings>, 'sealKey'>

/** What its process is told by the environment. */
export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_SEAL_KEY: {
    type: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    secret: true,
    description: 'Seals calls and results at rest: 32 bytes as 64 hexadecimal characters.',
  },
  SLUICE_TASK_RETENTION_MS: {
    type: Type.Integer({ minimum: 60_000, maximum: 3_650 * 86_400_000 }),
    default: defaultSettings.retentionMs,
    description: 'How long tasks are kept after they have ended, in ms.',
  },
  SLUICE_TASK_MAX_OPEN: {
    // As many as gateways remember of one device.
    type: Type.Integer({ minimum: 1, maximum: 40 }),
    default: defaultSettings.maxOpenPerDevice,
    description: 'Tasks of one device that may be open at once.',
  },
  SLUICE_FLEET_WAKES_PER_SECOND: {
    type: Type.Integer({ minimum: 1, maximum: 10_000 }),
    default: defaultSettings.fleetWakesPerSecond,
    description: 'Connection requests that one fleet task asks for in a second.',
  },
  SLUICE_XMPP_JID: {
    type: Type.String({ pattern: '^[^@/\\s]+@[^@/\\s]+(/[^\\s]+)?$', maxLength: 256 }),
    optional: true,
    description:
      'The account that connection requests come from by XMPP, as device-waker has it: devices are told to obey it alone. Any without.',
  },
})
