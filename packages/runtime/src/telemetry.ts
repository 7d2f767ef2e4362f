import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK } from '@opentelemetry/sdk-node'

export interface TelemetrySettings {
  /** The process: a service's name, or `standalone`. Tracers and meters are named by the service they speak for. */
  readonly service: string
  readonly version?: string
  /** Of a collector, without the path: `http://collector:4318`. Without, spans have ids and go nowhere. */
  readonly otlpEndpoint?: string
}

export interface Telemetry {
  /** Answers a scrape in Prometheus's text format. */
  readonly metrics: (request: IncomingMessage, response: ServerResponse) => void
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>
}

/** Without a processor there would be no tracer, and so no trace ids in the log. */
const spansGoNowhere: NonNullable<NonNullable<ConstructorParameters<typeof NodeSDK>[0]>['spanProcessors']>[number] = {
  onStart() {},
  onEnd() {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
}

/** Starts OpenTelemetry for the whole process. Once per process: a second start would change nothing. */
export function startTelemetry(settings: TelemetrySettings): Telemetry {
  // preventServerStart: the admin server answers /metrics.
  const prometheus = new PrometheusExporter({ preventServerStart: true, prefix: 'sluice' })
  const sdk = new NodeSDK({
    // Only what is stated here: the detectors would publish command lines and paths.
    autoDetectResources: false,
    resource: resourceFromAttributes({
      'service.name': settings.service,
      'service.version': settings.version ?? '0.1.0',
    }),
    metricReaders: [prometheus],
    instrumentations: [],
    ...(settings.otlpEndpoint === undefined
      ? { spanProcessors: [spansGoNowhere] }
      : { traceExporter: new OTLPTraceExporter({ url: `${settings.otlpEndpoint.replace(/\/$/, '')}/v1/traces` }) }),
  })
  sdk.start()
  return {
    metrics: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    stop: () => sdk.shutdown(),
  }
}
