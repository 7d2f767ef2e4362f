import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { closeHttpServer, listenOnLoopback } from '../loopback.ts'

export type CollectedSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  /** OTLP's number: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly service: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** OTLP's number: 0 unset, 1 ok, 2 error. */
  readonly status: number
}

export interface SpanCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`; spans are posted to `/v1/traces` below it. */
  readonly url: string
  spans(): CollectedSpan[]
  clear(): void
  close(): Promise<void>
}

/** Takes OTLP/HTTP in JSON and keeps the spans in memory. */
export async function createSpanCollector(): Promise<SpanCollector> {
  let spans: CollectedSpan[] = []
  const take = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const body = Buffer.concat(await incoming.toArray())
    if (incoming.method !== 'POST' || incoming.url !== '/v1/traces') return void outgoing.writeHead(404).end()
    const text = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    spans.push(...readSpans(JSON.parse(text.toString('utf8')) as OtlpTraces))
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  const server = createServer((incoming, outgoing) => {
    take(incoming, outgoing).catch(() => outgoing.writeHead(400).end())
  })
  const port = await listenOnLoopback(server)
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () => [...spans],
    clear: () => {
      spans = []
    },
    close: () => closeHttpServer(server),
  }
}

type OtlpValue = {
  stringValue?: string
  intValue?: string | number
  doubleValue?: number
  boolValue?: boolean
  arrayValue?: { values?: OtlpValue[] }
}
type OtlpAttributes = { key: string; value: OtlpValue }[]
type OtlpSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes?: OtlpAttributes
  links?: { traceId: string; spanId: string }[]
  status?: { code?: number }
}
type OtlpTraces = {
  resourceSpans?: { resource?: { attributes?: OtlpAttributes }; scopeSpans?: { spans?: OtlpSpan[] }[] }[]
}

function readSpans(traces: OtlpTraces): CollectedSpan[] {
  return (traces.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const service = resource?.attributes?.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
    return (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((span) => readSpan(span, service)))
  })
}

function readSpan(span: OtlpSpan, service: string): CollectedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    name: span.name,
    kind: span.kind,
    service,
    attributes: readAttributes(span.attributes),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    status: span.status?.code ?? 0,
  }
}

function readAttributes(attributes: OtlpAttributes = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]))
}

function readValue(value: OtlpValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue)
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(readValue)
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}
