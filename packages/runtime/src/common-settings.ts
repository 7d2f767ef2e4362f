import Type from 'typebox'
import { LOG_LEVELS } from './log.ts'
import { defineSettings } from './settings.ts'

const Port = Type.Integer({ minimum: 0, maximum: 65_535 })

export const natsSettings = defineSettings({
  SLUICE_NATS_URL: {
    type: Type.String({ minLength: 1 }),
    secret: true,
    description: 'NATS servers, separated by commas; credentials may stand in the URL.',
  },
})

export const redisSettings = defineSettings({
  SLUICE_REDIS_URL: {
    type: Type.String({ minLength: 1 }),
    secret: true,
    description: 'Redis: redis://user:password@host:6379/0.',
  },
})

export const postgresSettings = defineSettings({
  SLUICE_POSTGRES_URL: {
    type: Type.String({ minLength: 1 }),
    secret: true,
    description: 'PostgreSQL: postgres://user:password@host:5432/database.',
  },
})

/** How the topology job lays out the streams. */
export const topologySettings = defineSettings({
  SLUICE_STREAM_REPLICAS: {
    type: Type.Integer({ minimum: 1, maximum: 5 }),
    default: 1,
    description: 'How many NATS servers hold each stream; 3 on a cluster.',
  },
  SLUICE_STREAM_MAX_BYTES: {
    type: Type.Integer({ minimum: 1_048_576 }),
    default: 1_073_741_824,
    description: 'The most bytes a stream keeps of what was not handled yet; a full one refuses more.',
  },
})

/** What every process has; `runMain` adds them by itself. */
export const processSettings = defineSettings({
  SLUICE_ADMIN_HOST: {
    type: Type.String({ minLength: 1 }),
    default: '127.0.0.1',
    description: 'Where health and metrics are served; 0.0.0.0 in a pod.',
  },
  SLUICE_ADMIN_PORT: { type: Port, default: 9464, description: 'Port of health and metrics; 0 takes any free one.' },
  SLUICE_LOG_LEVEL: {
    type: Type.Union(LOG_LEVELS.map((level) => Type.Literal(level))),
    default: 'info',
    description: 'What is logged: this level and all above it.',
  },
  SLUICE_OTLP_ENDPOINT: {
    type: Type.String({ pattern: '^https?://' }),
    optional: true,
    description:
      'Where spans are sent, OTLP over HTTP, without the path: http://collector:4318. None are sent without.',
  },
  SLUICE_DRAIN_MS: {
    type: Type.Integer({ minimum: 0, maximum: 600_000 }),
    default: 20_000,
    description: 'How long the work under way may take to end after SIGTERM.',
  },
})
