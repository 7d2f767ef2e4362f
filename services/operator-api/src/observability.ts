import { metrics } from '@opentelemetry/api'

/** Every metric of the operator API. Its log events are `api.<entity>.<action>`. */
export function createObservability() {
  const meter = metrics.getMeter('operator-api')
  return {
    requests: meter.createCounter('api_requests', { description: 'Answers by operation and status.' }),
    duration: meter.createHistogram('api_request_duration', { description: 'From request to answer.', unit: 's' }),
    eventStreams: meter.createUpDownCounter('api_event_streams', {
      description: 'Open streams of server-sent events.',
    }),
  }
}
export type Observability = ReturnType<typeof createObservability>
