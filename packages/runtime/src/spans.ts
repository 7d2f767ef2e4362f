import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  context,
  trace,
} from '@opentelemetry/api'

export interface InSpanOptions {
  /** The service whose span it is. In one process there may be several. */
  readonly tracer: string
  readonly name: string
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly attributes?: Attributes
  /** The parent, where it came with a message; the active span unless given. A malformed one is left out. */
  readonly traceparent?: string | undefined
  /** What caused it without being its parent: the traces of the items of a batch. */
  readonly links?: readonly (string | undefined)[]
}

/** Runs `work` inside a span. A throw marks the span as failed and goes on. */
export async function inSpan<T>(options: InSpanOptions, work: (span: Span) => Promise<T> | T): Promise<T> {
  const span = trace.getTracer(options.tracer).startSpan(
    options.name,
    {
      kind: KINDS[options.kind ?? 'internal'],
      ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
      ...(options.links === undefined ? {} : { links: linksTo(options.links) }),
    },
    parentOf(options.traceparent),
  )
  const inside = trace.setSpan(context.active(), span)
  try {
    return await context.with(inside, () => work(span))
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    span.setAttribute('error.type', errorType(error))
    throw error
  } finally {
    span.end()
  }
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

function linksTo(traceparents: readonly (string | undefined)[]): { readonly context: SpanContext }[] {
  return traceparents.flatMap((link) => {
    const linked = parseTraceparent(link)
    return linked === undefined ? [] : [{ context: linked }]
  })
}

/** The active span as a W3C `traceparent`, to be sent along; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const active = trace.getActiveSpan()?.spanContext()
  if (active === undefined || !/[1-9a-f]/.test(active.traceId)) return undefined
  return `00-${active.traceId}-${active.spanId}-${active.traceFlags.toString(16).padStart(2, '0')}`
}

/** Whether a text is a version 00 `traceparent` whose ids are not zero (W3C Trace Context 3.2.2). */
export function isTraceparent(text: string): boolean {
  return parseTraceparent(text) !== undefined
}

function parentOf(traceparent: string | undefined): Context {
  if (traceparent === undefined) return context.active()
  const parent = parseTraceparent(traceparent)
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent)
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

function parseTraceparent(text: string | undefined): SpanContext | undefined {
  if (text === undefined || !TRACEPARENT.test(text)) return undefined
  const traceFlags = Number.parseInt(text.slice(53), 16)
  return { traceId: text.slice(3, 35), spanId: text.slice(36, 52), traceFlags, isRemote: true }
}

function errorType(error: unknown): string {
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return typeof error
}
