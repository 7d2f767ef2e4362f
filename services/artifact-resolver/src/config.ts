import { NETWORKS_PATTERN, defineSettings, natsSettings, postgresSettings } from '@sluice/runtime'
import Type from 'typebox'
import { s3Settings } from './import/s3-settings.ts'

export const settings = defineSettings({
  ...natsSettings,
  ...postgresSettings,
  SLUICE_IMAGES_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    description: 'The directory of images: a file system that resolver, verifier and file servers share.',
  },
  SLUICE_FILES_BASE_URL: {
    type: Type.String({ pattern: '^https?://[^/?#@\\s]+$', maxLength: 64 }),
    description:
      'Where devices reach the file servers, without a slash at the end: http://files.example.net:7549. Up to 43 characters leave devices that keep 150 of a URL a file name.',
  },
  SLUICE_DOWNLOAD_KEY: {
    type: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    secret: true,
    description: 'Signs downloads; the same for resolver and file servers: 32 bytes as 64 hexadecimal characters.',
  },
  SLUICE_VERDICT_PUBLIC_KEY: {
    type: Type.String({ pattern: '^-----BEGIN PUBLIC KEY-----' }),
    secret: true,
    description:
      'Of the key that the verifier signs verdicts with, in PEM; several, one after another, while it changes. No secret, but as long as one.',
  },
  SLUICE_INTAKE_TOKEN: {
    type: Type.String({ minLength: 32, maxLength: 256 }),
    secret: true,
    description: 'What operator-api says to hand over uploads.',
  },
  SLUICE_INTAKE_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '127.0.0.1',
    description: 'Where uploads are taken.',
  },
  SLUICE_INTAKE_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: 7560,
    description: 'Port of the intake; 0 takes any free one.',
  },
  SLUICE_MAX_IMAGE_BYTES: {
    type: Type.Integer({ minimum: 1 }),
    default: 256 * 1024 * 1024,
    description: 'An image larger than this is refused.',
  },
  SLUICE_UPLOADS_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'Where the file servers keep what devices upload; without it no uploads are granted.',
  },
  SLUICE_UPLOADS_KEEP_MS: {
    type: Type.Integer({ minimum: 60_000 }),
    default: 30 * 24 * 3_600_000,
    description: 'How long what devices upload is kept.',
  },
  SLUICE_INTAKE_DEADLINE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 7_200_000 }),
    default: 1_800_000,
    description: 'How long one upload may take.',
  },
  SLUICE_IMPORT_DEADLINE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 7_200_000 }),
    default: 600_000,
    description: 'How long fetching one image may take.',
  },
  SLUICE_IMPORT_IDLE_MS: {
    type: Type.Integer({ minimum: 100, maximum: 600_000 }),
    default: 30_000,
    description: 'A source from which nothing comes for this long is given up until the next try.',
  },
  ...s3Settings,
  SLUICE_ORIGIN_RECHECK_MS: {
    type: Type.Integer({ minimum: 60_000, maximum: 31 * 24 * 3_600_000 }),
    default: 24 * 3_600_000,
    description: "How often an image that an operator's own server hosts is read and hashed again, about.",
  },
  SLUICE_ORIGIN_BYTES_PER_SECOND: {
    type: Type.Integer({ minimum: 65_536 }),
    default: 8 * 1024 * 1024,
    description: 'How fast it is read for that.',
  },
  SLUICE_QUARANTINE_KEEP_MS: {
    type: Type.Integer({ minimum: 3_600_000 }),
    default: 30 * 24 * 3_600_000,
    description: 'How long the bytes of rejected images are kept, as evidence.',
  },
  SLUICE_LAB_NETWORKS: {
    type: Type.String({ pattern: NETWORKS_PATTERN }),
    default: '',
    description:
      'Loopback and private networks that are allowed nevertheless, separated by commas: 127.0.0.0/8,10.1.0.0/16.',
  },
})
