import { defineSettings, natsSettings } from '@sluice/runtime'
import Type from 'typebox'

export const settings = defineSettings({
  ...natsSettings,
  SLUICE_API_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '127.0.0.1',
    description: 'Where the REST interface listens.',
  },
  SLUICE_API_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: 8080,
    description: 'Port of the REST interface; 0 takes any free one.',
  },
  SLUICE_API_TOKENS: {
    type: Type.String({
      pattern:
        '^\\s*[A-Za-z0-9_.@-]{1,64}=[^\\s,]{16,512}(\\s*[,\\n]\\s*[A-Za-z0-9_.@-]{1,64}=[^\\s,]{16,512})*\\s*,?$',
    }),
    secret: true,
    description: 'Who may call: name=token, separated by commas or lines. Tokens have 16 characters at least.',
  },
  SLUICE_INTAKE_URL: {
    type: Type.String({ pattern: '^https?://' }),
    default: 'http://127.0.0.1:7560',
    description: 'Where the artifact-resolver takes the bytes of uploaded images.',
  },
  SLUICE_INTAKE_TOKEN: {
    type: Type.String({ minLength: 16 }),
    secret: true,
    description: 'What the resolver’s intake knows this service by.',
  },
})
