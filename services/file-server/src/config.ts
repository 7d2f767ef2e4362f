import { defineSettings, natsSettings, type processSettings, type SettingsValues } from '@sluice/runtime'
import Type from 'typebox'
import { defaultSettings, type FileServerSettings } from './file-server-settings.ts'
import type { TlsSettings } from './listeners.ts'

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
    default: defaultSettings.host,
    description: 'Where devices fetch images.',
  },
  SLUICE_FILES_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: defaultSettings.port,
    description: 'Port of the files; 0 takes any free one.',
  },
  SLUICE_FILES_PLAIN: {
    type: Type.Boolean(),
    default: true,
    description: 'Whether plain HTTP is listened for at all.',
  },
  SLUICE_FILES_TLS_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    optional: true,
    description: 'Port of the files over TLS; without it there is none. 0 takes any free one.',
  },
  SLUICE_FILES_TLS_CERT: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'PEM file of the certificate and its chain; read again when it changes.',
  },
  SLUICE_FILES_TLS_KEY: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'PEM file of its key; read again when it changes.',
  },
  SLUICE_FILES_TLS_MIN_VERSION: {
    type: Type.Union((['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const).map((version) => Type.Literal(version))),
    default: 'TLSv1.2',
    description: 'The oldest TLS that is spoken. TLSv1 and TLSv1.1 are broken, and for CPE that know no other.',
  },
  SLUICE_FILES_SERVE: {
    type: Type.Union([Type.Literal('self'), Type.Literal('accel')]),
    default: 'self',
    description:
      'Who sends the bytes: this process, or the nginx before it (deploy/nginx/files.conf), to which it says what and to whom.',
  },
  SLUICE_FILES_TRANSFER_LOG_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: 7550,
    description: 'UDP port on which nginx tells how many bytes of each transfer left, where it sends them.',
  },
  SLUICE_FILES_BYTES_PER_SECOND: {
    type: Type.Integer({ minimum: 0, maximum: 100_000_000_000 }),
    default: defaultSettings.pace.bytesPerSecond,
    description:
      'Bytes of images that this process sends in a second, shared evenly by transfers; 0: as fast as it goes.',
  },
  SLUICE_FILES_TRANSFER_BYTES_PER_SECOND: {
    type: Type.Integer({ minimum: 0, maximum: 10_000_000_000 }),
    default: defaultSettings.pace.transferBytesPerSecond,
    description: 'Bytes that one transfer is sent in a second, by this process or by nginx; 0: as fast as it goes.',
  },
  SLUICE_FILES_CACHE_BYTES: {
    type: Type.Integer({ minimum: 0, maximum: 17_179_869_184 }),
    default: defaultSettings.cacheBytes,
    description: 'Bytes of images kept in memory, so that what many devices fetch is read once.',
  },
  SLUICE_FILES_MAX_CONNECTIONS: {
    type: Type.Integer({ minimum: 1, maximum: 200_000 }),
    default: defaultSettings.maxConnections,
    description: 'Connections of each listener; beyond it they are closed at once.',
  },
  SLUICE_FILES_REQUIRE_CREDENTIALS: {
    type: Type.Boolean(),
    default: false,
    description: 'Whether a device must also authenticate by digest or basic; without, the token in the URL is enough.',
  },
  SLUICE_FILES_MAX_TRANSFERS: {
    type: Type.Integer({ minimum: 1, maximum: 100_000 }),
    default: defaultSettings.maxTransfers,
    description: 'Transfers at once in this process; above it devices get 503 and Retry-After.',
  },
  SLUICE_UPLOADS_DIRECTORY: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'Where files that devices upload are kept, shared with the resolver; without it none are taken.',
  },
  SLUICE_UPLOADS_MAX_BYTES: {
    type: Type.Integer({ minimum: 1_024, maximum: 1_073_741_824 }),
    default: defaultSettings.maxUploadBytes,
    description: 'Bytes of the longest file a device may upload.',
  },
  SLUICE_FILES_IDLE_MS: {
    type: Type.Integer({ minimum: 1_000, maximum: 3_600_000 }),
    default: defaultSettings.idleMs,
    description: 'A connection on which nothing moves for this long is closed.',
  },
  SLUICE_FILES_MAX_TRANSFER_MS: {
    type: Type.Integer({ minimum: 60_000, maximum: 86_400_000 }),
    default: defaultSettings.maxTransferMs,
    description: 'However slowly it moves, a transfer ends after this time; the device may go on by range.',
  },
})

/** All of the file server's settings but those that follow from the parts around it. */
export function fileServerSettingsOf(
  given: SettingsValues<typeof settings & typeof processSettings>,
): FileServerSettings {
  const previous = given.SLUICE_DOWNLOAD_KEY_PREVIOUS
  return {
    ...defaultSettings,
    host: given.SLUICE_FILES_HOST,
    port: given.SLUICE_FILES_PLAIN ? given.SLUICE_FILES_PORT : null,
    tls: tlsOf(given),
    keys: [Buffer.from(given.SLUICE_DOWNLOAD_KEY, 'hex'), ...(previous ? [Buffer.from(previous, 'hex')] : [])],
    requireCredentials: given.SLUICE_FILES_REQUIRE_CREDENTIALS,
    maxConnections: given.SLUICE_FILES_MAX_CONNECTIONS,
    maxTransfers: given.SLUICE_FILES_MAX_TRANSFERS,
    pace: {
      bytesPerSecond: given.SLUICE_FILES_BYTES_PER_SECOND,
      transferBytesPerSecond: given.SLUICE_FILES_TRANSFER_BYTES_PER_SECOND,
    },
    cacheBytes: given.SLUICE_FILES_CACHE_BYTES,
    nginx: given.SLUICE_FILES_SERVE === 'self' ? null : { transferLogPort: given.SLUICE_FILES_TRANSFER_LOG_PORT },
    maxUploadBytes: given.SLUICE_UPLOADS_MAX_BYTES,
    idleMs: given.SLUICE_FILES_IDLE_MS,
    maxTransferMs: given.SLUICE_FILES_MAX_TRANSFER_MS,
    // Half of the time there is: what is left to tell is published after the transfers have ended.
    drainMs: given.SLUICE_DRAIN_MS / 2,
  }
}

function tlsOf(given: SettingsValues<typeof settings>): TlsSettings | null {
  const port = given.SLUICE_FILES_TLS_PORT
  if (port === undefined) return null
  return {
    port,
    certFile: given.SLUICE_FILES_TLS_CERT ?? '',
    keyFile: given.SLUICE_FILES_TLS_KEY ?? '',
    minVersion: given.SLUICE_FILES_TLS_MIN_VERSION,
  }
}
