import { defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'

export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_SEAL_KEY: {
    type: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    secret: true,
    description: 'Seals the devices’ passwords at rest: 32 bytes as 64 hexadecimal characters.',
  },
})
