import { defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'

export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_IMAGES_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    description: 'The directory of images: a file system that resolver, verifier and file servers share.',
  },
  SLUICE_REQUIRED_KEYS: {
    type: Type.Integer({ minimum: 1, maximum: 8 }),
    default: 1,
    description: 'How many different keys have to sign an image before it is trusted, where no threshold was set.',
  },
  SLUICE_TRUST_SECOND_PERSON: {
    type: Type.Boolean(),
    default: false,
    description: 'Whether a second person has to agree to a new key, a longer validity and a lower threshold.',
  },
  SLUICE_RELEASE_REQUIRED_KEYS: {
    type: Type.Integer({ minimum: 1, maximum: 8 }),
    default: 1,
    description: 'How many different keys have to sign a release before campaigns may go by it.',
  },
  SLUICE_VERIFY_DEADLINE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 3_600_000 }),
    default: 120_000,
    description: 'How long looking at one image may take, and how long the store may take to bring it: each of them.',
  },
  SLUICE_VERIFY_MEMORY_MB: {
    type: Type.Integer({ minimum: 32, maximum: 4_096 }),
    default: 128,
    description:
      'How much the thread that looks at images may hold of values, and as much again of bytes; beside it 128 MiB of bytes that it is done with.',
  },
  SLUICE_VERDICT_KEY: {
    type: Type.String({ pattern: '^-----BEGIN PRIVATE KEY-----' }),
    secret: true,
    description: 'Signs verdicts: a private key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` makes it.',
  },
})
