import { trace } from '@opentelemetry/api'
import pino, { type DestinationStream, type Logger } from 'pino'

/** Keys are snake_case, the message is the event's name: `log.info({ campaign_id }, 'campaign.wave.opened')`. */
export type Log = Logger

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Never written, on any of the first three levels of what is logged. */
const SECRET_KEYS = [
  'password',
  'authorization',
  'ha1',
  'token',
  'secret',
  'cookie',
  'proxy_authorization',
  'set_cookie',
]
const redacted = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])

/**
 * A JSON log on stdout. Each line carries `service` and, inside a span, `trace_id` and `span_id`. Device text may
 * hold control characters: JSON escapes them.
 */
export function createLog(settings: {
  readonly service: string
  readonly level?: LogLevel
  readonly destination?: DestinationStream
}): Log {
  return pino(
    {
      level: settings.level ?? 'info',
      base: { service: settings.service },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: '[redacted]' },
      mixin: activeSpan,
    },
    settings.destination ?? standardOutput(),
  )
}

/** What cannot be written waits up to this; then lines are dropped. */
const MOST_UNWRITTEN = 4 * 1024 ** 2

/** A log that cannot be written (a full disk, a reader that is gone) neither ends the process nor fills its memory, nor holds up its end. */
function standardOutput(): DestinationStream {
  const output = pino.destination({ fd: 1, sync: false, maxLength: MOST_UNWRITTEN })
  output.on('error', () => {
    // What is written at the exit would fail for ever, or throw.
    output.flush = (done) => done?.()
    output.flushSync = () => {}
  })
  return output
}

function activeSpan(): object {
  const context = trace.getActiveSpan()?.spanContext()
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId }
}
