import {
  CampaignReportSchema,
  ERROR_CODES,
  type ErrorCode,
  OPERATIONS,
  type Operation,
  ProblemSchema,
} from '@sluice/contracts'

const ALWAYS: ErrorCode[] = ['invalid_request', 'unauthorized', 'internal', 'unavailable', 'deadline_exceeded']

/** The REST interface as OpenAPI 3.1. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const [name, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    paths[operation.path] ??= {}
    paths[operation.path]![operation.method.toLowerCase()] = describe(name, operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice operator API',
      version: '1',
      description:
        'Artifacts, trust keys, campaigns, upgrades and devices. Times are RFC 3339 UTC, durations milliseconds, sizes bytes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: ProblemSchema },
    },
  }
}

function describe(name: string, operation: Operation): object {
  return {
    operationId: name,
    summary: operation.summary,
    parameters: [...parameters('path', operation.params), ...parameters('query', operation.query)],
    ...(operation.body === null ? {} : { requestBody: { required: true, content: contentOf(operation.body) } }),
    responses: {
      [operation.status]: { description: operation.summary, content: contentOf(operation.response) },
      ...Object.fromEntries(problems(operation)),
    },
  }
}

function parameters(place: 'path' | 'query', schema: Operation['params']): object[] {
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties).map(([name, one]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: one,
  }))
}

function contentOf(schema: Operation['body'] | Operation['response']): object {
  if (schema === 'bytes') return { 'application/octet-stream': {} }
  if (schema === 'document') {
    return {
      'application/json': { schema: CampaignReportSchema },
      'text/csv': { schema: { type: 'string' } },
      'text/html': { schema: { type: 'string' } },
    }
  }
  if (schema === 'events') return { 'text/event-stream': { schema: { type: 'string' } } }
  return { 'application/json': { schema } }
}

function problems(operation: Operation): [string, object][] {
  const byStatus = Map.groupBy([...operation.errors, ...ALWAYS], (code) => ERROR_CODES[code].status)
  return [...byStatus].map(([status, codes]) => [
    String(status),
    {
      description: codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join(' '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ])
}
