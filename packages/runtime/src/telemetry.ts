import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node'

type SpanProcessor = NonNullable<NodeSDKConfiguration['spanProcessors']>[number]
/** A span as the SDK hands it out: name, kind, attributes, parentSpanContext, links, status. */
export type EndedSpan = Parameters<SpanProcessor['onEnd']>[0]

export interface TelemetrySettings {
  /** The process: a service's name, or `standalone`. Tracers and meters are named by the service they speak for. */
  readonly service: string
  readonly version?: string
  /** Of a collector, without the path: `http://collector:4318`. Without, spans have ids and go nowhere. */
  readonly otlpEndpoint?: string
  /** Sees every span at its end, where there is no endpoint: for tests and the lab. */
  readonly onSpan?: (span: EndedSpan) => void
}

export interface Telemetry {
  /** Answers a scrape in Prometheus's text format. */
  readonly metrics: (request: IncomingMessage, response: ServerResponse) => void
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>
}

/** Also without anybody to take them there must be a processor: else there is no tracer, and no trace id in the log. */
function handSpansTo(onSpan: (span: EndedSpan) => void): SpanProcessor {
  return {
    onStart() {},
    onEnd: onSpan,
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
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
      ? { spanProcessors: [handSpansTo(settings.onSpan ?? (() => {}))] }
      : { traceExporter: new OTLPTraceExporter({ url: `${settings.otlpEndpoint.replace(/\/$/, '')}/v1/traces` }) }),
  })
  sdk.start()
  return {
    metrics: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    stop: () => sdk.shutdown(),
  }
}
