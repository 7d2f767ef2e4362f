import { defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'

const AtLeastOne = Type.Integer({ minimum: 1 })

/** What the registry goes by; whoever wires it gives the key, and of the rest what differs. */
export interface RegistrySettings {
  /** 32 bytes as 64 hexadecimal characters. */
  readonly sealKey: string
  /** Devices of a model with a bootstrap credential may make their first contact without having been imported. */
  readonly autoRegistration: boolean
  /** Devices with a credential of their own that may fall back to their model's in an hour before it is an alarm; refused at ten times as many. */
  readonly bootstrapReturnsPerHour: number
  /** How long, and how many of each device, lines of message logs are kept. */
  readonly messageLogDays: number
  readonly messageLogLines: number
}

export const defaultSettings: Omit<RegistrySettings, 'sealKey'> = {
  autoRegistration: true,
  bootstrapReturnsPerHour: 100,
  messageLogDays: 30,
  messageLogLines: 500,
}

export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_SEAL_KEY: {
    type: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    secret: true,
    description: 'Seals the devices’ passwords at rest: 32 bytes as 64 hexadecimal characters.',
  },
  SLUICE_AUTO_REGISTRATION: {
    type: Type.Boolean(),
    default: defaultSettings.autoRegistration,
    description:
      'Whether devices that were not imported are taken into the inventory, and may make their first contact with the bootstrap credential of their model.',
  },
  SLUICE_BOOTSTRAP_RETURNS_PER_HOUR: {
    type: AtLeastOne,
    default: defaultSettings.bootstrapReturnsPerHour,
    description:
      'How many devices that had a credential of their own may come back with the bootstrap credential of their model in an hour. More raise an alarm, ten times as many are refused.',
  },
  SLUICE_MESSAGE_LOG_DAYS: {
    type: AtLeastOne,
    default: defaultSettings.messageLogDays,
    description: 'How many days the lines of message logs are kept.',
  },
  SLUICE_MESSAGE_LOG_LINES: {
    type: AtLeastOne,
    default: defaultSettings.messageLogLines,
    description: 'How many lines of one device are kept.',
  },
})
