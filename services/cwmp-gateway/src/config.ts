import { defineSettings, natsSettings, redisSettings, type SettingsValues } from '@sluice/runtime'
import Type from 'typebox'

export interface GatewaySettings {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Whether plain HTTP is listened for, on `port`. */
  readonly plain: boolean
  /** Null: no TLS of our own. */
  readonly tls: TlsSettings | null
  /** A proxy before us ends TLS, and nobody else reaches the plain port. */
  readonly tlsTerminated: boolean
  readonly auth: 'digest' | 'basic' | 'none'
  /** Shared by all replicas. */
  readonly nonceSecret: string
  /** Shared by all replicas, and over restarts: with another key every snapshot before differs from every one after. */
  readonly snapshotKey: string
  /** Shared by all replicas, 32 bytes in hexadecimal. Absent: no settings are kept, and none put back. */
  readonly settingsKey?: string | undefined
  /** Bytes of one POST, as sent and inflated. */
  readonly bodyLimit: number
  /** The same of a POST that names a session by our cookie, or by credentials that were proven: the answer of a whole data model. */
  readonly sessionBodyLimit: number
  /** POSTs under way in this process; what comes beyond is 503 before it is read. */
  readonly maxPosts: number
  /** Connections of this process; what comes beyond is closed. */
  readonly maxConnections: number
  readonly retryAfterSeconds: number
  /**
   * A POST without a cookie continues the session of its TCP connection. Only where CPE connect to the gateway
   * themselves: a proxy that pools connections would hand one device's session to whoever comes next.
   */
  readonly connectionSessions: boolean
  /** How long a request's head and its whole may take to arrive. */
  readonly requestTimeoutMs: number
  /** How long it goes on serving after it says it is not ready, so that balancers have heard it before it closes. */
  readonly drainDelayMs: number
}

export interface TlsSettings {
  /** 0 takes any free one. */
  readonly port: number
  /** PEM files: the certificate with its chain, its key, and what client certificates are signed by. */
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string | null
  readonly clientCertificates: 'off' | 'optional' | 'required'
}

export const defaultSettings = {
  host: '127.0.0.1',
  port: 7547,
  plain: true,
  tls: null,
  tlsTerminated: false,
  auth: 'digest',
  bodyLimit: 131_072,
  sessionBodyLimit: 1_048_576,
  maxPosts: 512,
  maxConnections: 20_000,
  retryAfterSeconds: 30,
  requestTimeoutMs: 30_000,
  connectionSessions: false,
  drainDelayMs: 0,
} as const satisfies Partial<GatewaySettings>

export const REALM = 'sluice'

/** What no two settings may say together; null: all is well. */
export function contradictionIn({ plain, tls, tlsTerminated, auth }: GatewaySettings): string | null {
  if (!plain && tls === null) return 'SLUICE_CWMP_PLAIN: is off, and SLUICE_CWMP_TLS_PORT is not given'
  if (tls !== null && (tls.certFile === '' || tls.keyFile === '')) {
    return 'SLUICE_CWMP_TLS_PORT: needs SLUICE_CWMP_TLS_CERT and SLUICE_CWMP_TLS_KEY'
  }
  if (tls !== null && tls.clientCertificates !== 'off' && tls.clientCaFile === null) {
    return 'SLUICE_CWMP_TLS_CLIENT_CA: is required where client certificates are asked for'
  }
  // TR-069 3.4.4: where TLS is not used, the ACS must use digest.
  return auth === 'basic' && plain && !tlsTerminated
    ? 'SLUICE_CWMP_AUTH: basic sends passwords in the clear: turn SLUICE_CWMP_PLAIN off, or say SLUICE_CWMP_TLS_TERMINATED'
    : null
}

/** How CPE are spoken with; for whoever runs a gateway, on its own or with others in one process. */
export const httpSettings = defineSettings({
  SLUICE_CWMP_PLAIN: {
    type: Type.Boolean(),
    default: defaultSettings.plain,
    description: 'Whether plain HTTP is listened for at all.',
  },
  SLUICE_CWMP_TLS_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    optional: true,
    description: 'Port of CWMP over TLS 1.2 and 1.3, usually 7548; without it there is none. 0 takes any free one.',
  },
  SLUICE_CWMP_TLS_CERT: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'PEM file of the certificate and its chain; read again when it changes.',
  },
  SLUICE_CWMP_TLS_KEY: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'PEM file of its key; read again when it changes.',
  },
  SLUICE_CWMP_TLS_CLIENT_CA: {
    type: Type.String({ minLength: 1 }),
    optional: true,
    description: 'PEM file of who signs the certificates of CPE; read again when it changes.',
  },
  SLUICE_CWMP_TLS_CLIENT_CERTIFICATES: {
    type: Type.Union([Type.Literal('off'), Type.Literal('optional'), Type.Literal('required')]),
    default: 'off',
    description:
      'Whether CPE show a certificate. One whose CN is OUI-ProductClass-SerialNumber is all that device needs, also where devices do not register themselves (SLUICE_AUTO_REGISTRATION); a dash within a product class or serial number is %2D in it. With any other CN the device authenticates as well.',
  },
  SLUICE_CWMP_TLS_TERMINATED: {
    type: Type.Boolean(),
    default: defaultSettings.tlsTerminated,
    description: 'A proxy before the gateway ends TLS, and nobody else reaches the plain port: basic is allowed on it.',
  },
  SLUICE_CWMP_AUTH: {
    type: Type.Union([Type.Literal('digest'), Type.Literal('basic'), Type.Literal('none')]),
    default: defaultSettings.auth,
    description:
      'How CPE are asked who they are. `basic` only over TLS, where it is taken unasked as well; `none` only in a lab.',
  },
  SLUICE_CWMP_CONNECTION_SESSIONS: {
    type: Type.Boolean(),
    default: defaultSettings.connectionSessions,
    description:
      'Know a CPE without cookies by its connection. Only where the gateway ends the CPE’s own TCP connection.',
  },
  SLUICE_CWMP_BODY_LIMIT: {
    type: Type.Integer({ minimum: 4_096, maximum: 8_388_608 }),
    default: defaultSettings.bodyLimit,
    description: 'Bytes of the longest Inform or other POST of a stranger, before and after it is inflated.',
  },
  SLUICE_CWMP_SESSION_BODY_LIMIT: {
    type: Type.Integer({ minimum: 4_096, maximum: 67_108_864 }),
    default: defaultSettings.sessionBodyLimit,
    description:
      'The same within a session, where answers of whole data models come. At once a gateway holds 8 such POSTs of full length; others wait.',
  },
  SLUICE_CWMP_MAX_POSTS: {
    type: Type.Integer({ minimum: 1, maximum: 65_536 }),
    default: defaultSettings.maxPosts,
    description: 'POSTs this process answers at once; what comes beyond is told to come again later (503).',
  },
  SLUICE_CWMP_MAX_CONNECTIONS: {
    type: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    default: defaultSettings.maxConnections,
    description: 'Connections this process keeps; what comes beyond is closed.',
  },
})

export const gatewaySettings = defineSettings({
  ...natsSettings,
  ...redisSettings,
  SLUICE_CWMP_HOST: {
    type: Type.String({ minLength: 1 }),
    default: defaultSettings.host,
    description: 'Where CPE are listened for; 0.0.0.0 for all interfaces.',
  },
  SLUICE_CWMP_PORT: {
    type: Type.Integer({ minimum: 0, maximum: 65_535 }),
    default: defaultSettings.port,
    description: 'Port of CWMP over plain HTTP; 0 takes any free one.',
  },
  ...httpSettings,
  SLUICE_CWMP_NONCE_SECRET: {
    type: Type.String({ minLength: 16 }),
    secret: true,
    description: 'Seals the nonces of digest authentication; the same for all gateways.',
  },
  SLUICE_SNAPSHOT_KEY: {
    type: Type.String({ minLength: 16 }),
    secret: true,
    description: 'Key of the digests that subscriber settings are compared by; the same for all gateways, for good.',
  },
  SLUICE_SETTINGS_KEY: {
    type: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    secret: true,
    optional: true,
    description:
      'Seals the settings that campaigns with restoreSettings put back; 32 bytes in hexadecimal, the same for all gateways. Without it none are kept.',
  },
  SLUICE_CWMP_DRAIN_DELAY_MS: {
    type: Type.Integer({ minimum: 0, maximum: 60_000 }),
    default: 3_000,
    description: 'How long CPE are still served after SIGTERM, not ready any more; part of SLUICE_DRAIN_MS.',
  },
})

export function httpSettingsOf(settings: SettingsValues<typeof httpSettings>) {
  return {
    plain: settings.SLUICE_CWMP_PLAIN,
    tls: tlsOf(settings),
    tlsTerminated: settings.SLUICE_CWMP_TLS_TERMINATED,
    auth: settings.SLUICE_CWMP_AUTH,
    connectionSessions: settings.SLUICE_CWMP_CONNECTION_SESSIONS,
    bodyLimit: settings.SLUICE_CWMP_BODY_LIMIT,
    sessionBodyLimit: settings.SLUICE_CWMP_SESSION_BODY_LIMIT,
    maxPosts: settings.SLUICE_CWMP_MAX_POSTS,
    maxConnections: settings.SLUICE_CWMP_MAX_CONNECTIONS,
  } satisfies Partial<GatewaySettings>
}

function tlsOf(settings: SettingsValues<typeof httpSettings>): TlsSettings | null {
  const port = settings.SLUICE_CWMP_TLS_PORT
  if (port === undefined) return null
  return {
    port,
    certFile: settings.SLUICE_CWMP_TLS_CERT ?? '',
    keyFile: settings.SLUICE_CWMP_TLS_KEY ?? '',
    clientCaFile: settings.SLUICE_CWMP_TLS_CLIENT_CA ?? null,
    clientCertificates: settings.SLUICE_CWMP_TLS_CLIENT_CERTIFICATES,
  }
}
