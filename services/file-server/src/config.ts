import { defineSettings, natsSettings } from '@sluice/runtime'
import Type from 'typebox'

const HexKey = Type.String({ pattern: '^[0-9a-f]{64}$' })

export const settings = defineSettings({
  ...natsSettings,
  SLUICE_IMAGES_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    description: 'The directory of images: a file system that resolver, verifier and file servers share.',
  },
  SLUICE_DOWNLOAD_KEY: {
    type: HexKey,
    secret: true,
    description: 'Signs downloads; the same for resolver and file servers: 32 bytes as 64 hexadecimal characters.',
  },
  SLUICE_DOWNLOAD_KEY_PREVIOUS: {
    type: HexKey,
    secret: true,
    optional: true,
    description: 'The key before, while downloads signed with it may still come.',
  },
  SLUICE_FILES_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '0.0.0.0',
    description: 'Where devices fetch images.',
  },
  SLUICE_FILES_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: 7549,
    description: 'Port of the files; 0 takes any free one.',
  },
  SLUICE_FILES_REQUIRE_CREDENTIALS: {
    type: Type.Boolean(),
    default: false,
    description: 'Whether a device must also authenticate by digest or basic; without, the token in the URL is enough.',
  },
  SLUICE_FILES_MAX_TRANSFERS: {
    type: Type.Integer({ minimum: 1, maximum: 100_000 }),
    default: 2_000,
    description: 'Transfers at once in this process; above it devices get 503 and Retry-After.',
  },
  SLUICE_UPLOADS_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'Where files that devices upload are kept, shared with the resolver; without it none are taken.',
  },
  SLUICE_UPLOADS_MAX_BYTES: {
    type: Type.Integer({ minimum: 1_024, maximum: 1_073_741_824 }),
    default: 16_777_216,
    description: 'Bytes of the longest file a device may upload.',
  },
  SLUICE_FILES_IDLE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 3_600_000 }),
    default: 60_000,
    description: 'A connection on which nothing moves for this long is closed.',
  },
  SLUICE_FILES_MAX_TRANSFER_MS: {
    type: Type.Integer({ minimum: 60_000, maximum: 86_400_000 }),
    default: 21_600_000,
    description: 'However slowly it moves, a transfer ends after this time; the device may go on by range.',
  },
})
