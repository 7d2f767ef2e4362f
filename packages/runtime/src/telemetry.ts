import type { IncomingMessage, ServerResponse } from 'node:http'
import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type ReadableSpan, type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

/** A span as the SDK hands it out: name, kind, attributes, parentSpanContext, links, status. */
export type EndedSpan = ReadableSpan

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

/**
 * Starts OpenTelemetry for the whole process. Once at a time: a second start changes nothing until the first is stopped. Its parts are put
 * together here, without the SDK's bundle of all exporters, which takes 17 MB; and only what is stated here describes
 * the process: the bundle's detectors would publish command lines and paths.
 */
export async function startTelemetry(settings: TelemetrySettings): Promise<Telemetry> {
  const resource = resourceFromAttributes({
    'service.name': settings.service,
    'service.version': settings.version ?? '0.1.0',
  })
  const spans = new TracerProvider({ resource, spanProcessors: [await processorFor(settings)] })
  // preventServerStart: the admin server answers /metrics.
  const prometheus = new PrometheusExporter({ preventServerStart: true, prefix: 'sluice' })
  const meters = new MeterProvider({ resource, readers: [prometheus] })

  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(spans)
  metrics.setGlobalMeterProvider(meters)
  return {
    metrics: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    async stop() {
      await Promise.all([spans.shutdown(), meters.shutdown()])
      for (const api of [context, propagation, trace, metrics]) api.disable()
    },
  }
}

async function processorFor({ otlpEndpoint, onSpan = () => {} }: TelemetrySettings): Promise<SpanProcessor> {
  if (otlpEndpoint === undefined) return handSpansTo(onSpan)
  // Only who has a collector pays for the memory of its exporter.
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const exporter = new OTLPTraceExporter({ url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces` })
  return new BatchSpanProcessor({ exporter })
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
