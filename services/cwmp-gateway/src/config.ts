import { defineSettings, natsSettings, redisSettings } from '@sluice/runtime'
import Type from 'typebox'

export interface GatewaySettings {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly auth: 'digest' | 'basic' | 'none'
  /** Shared by all replicas. */
  readonly nonceSecret: string
  /** Shared by all replicas, and over restarts: with another key every snapshot before differs from every one after. */
  readonly snapshotKey: string
  /** Bytes of one POST. */
  readonly bodyLimit: number
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

export const defaultSettings = {
  host: '127.0.0.1',
  port: 7547,
  auth: 'digest',
  bodyLimit: 131_072,
  retryAfterSeconds: 30,
  requestTimeoutMs: 30_000,
  connectionSessions: false,
  drainDelayMs: 0,
} as const satisfies Partial<GatewaySettings>

export const REALM = 'sluice'

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
    description: 'Port of CWMP; 0 takes any free one.',
  },
  SLUICE_CWMP_AUTH: {
    type: Type.Union([Type.Literal('digest'), Type.Literal('basic'), Type.Literal('none')]),
    default: defaultSettings.auth,
    description: 'How CPE prove who they are. `basic` only behind TLS, `none` only in a lab.',
  },
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
  SLUICE_CWMP_CONNECTION_SESSIONS: {
    type: Type.Boolean(),
    default: defaultSettings.connectionSessions,
    description:
      'Know a CPE without cookies by its connection. Only where the gateway ends the CPE’s own TCP connection.',
  },
  SLUICE_CWMP_DRAIN_DELAY_MS: {
    type: Type.Integer({ minimum: 0, maximum: 60_000 }),
    default: 3_000,
    description: 'How long CPE are still served after SIGTERM, not ready any more; part of SLUICE_DRAIN_MS.',
  },
  SLUICE_CWMP_BODY_LIMIT: {
    type: Type.Integer({ minimum: 4_096, maximum: 8_388_608 }),
    default: defaultSettings.bodyLimit,
    description: 'Bytes of the longest POST that is read.',
  },
})
