import type { Readable } from 'node:stream'
import {
  type Artifact,
  type BodyOf,
  OPERATIONS,
  type Operation,
  type OperationName,
  type ParamsOf,
  ProblemSchema,
  type QueryOf,
  type ResponseOf,
  check,
} from '@sluice/contracts'
import { ClientError } from './client-error.ts'
import { type ServerSentEvent, readServerSentEvents } from './server-sent-events.ts'

export interface ClientSettings {
  /** Of the operator API, for example http://127.0.0.1:8080. */
  readonly url: string
  readonly token: string
  /** How long an answer may take, in milliseconds; 30,000 unless told. Uploads and events have no limit of their own. */
  readonly deadlineMs?: number
}

type Callable = Exclude<
  OperationName,
  'streamEvents' | 'uploadArtifact' | 'getTaskUpload' | 'getUpgradeBackup' | 'getCampaignReport'
>
type Part<K extends string, T> = {} extends T ? { readonly [P in K]?: T } : { readonly [P in K]: T }
export type CallInput<N extends Callable> = Part<'params', ParamsOf<N>> &
  Part<'query', QueryOf<N>> &
  (undefined extends BodyOf<N> ? { readonly body?: undefined } : { readonly body: BodyOf<N> }) & {
    readonly requestId?: string
  }

export interface Client {
  /** Calls one operation of the API by its name; `requestId` is sent as Idempotency-Key. Throws ClientError. */
  call<N extends Callable>(
    name: N,
    ...input: {} extends CallInput<N> ? [CallInput<N>?] : [CallInput<N>]
  ): Promise<ResponseOf<N>>
  /** Sends an image's bytes. */
  upload(artifactId: string, content: Readable | Uint8Array): Promise<Artifact>
  /** The file a device uploaded for a task. */
  fetchUpload(taskId: string): Promise<Uint8Array>
  /** The configuration a device put before an upgrade. */
  fetchBackup(upgradeId: string): Promise<Uint8Array>
  /** A campaign's report, as it arrives. Has a limit of its own for its beginning, none for its end. */
  fetchReport(campaignId: string, format: 'json' | 'csv' | 'html'): AsyncGenerator<Uint8Array>
  /** Campaigns and upgrades as they change, until the signal aborts or the connection breaks. */
  events(query: QueryOf<'streamEvents'>, signal: AbortSignal): AsyncGenerator<ServerSentEvent>
}

/** A typed client of the operator API: its methods are the operations of the contract. */
export function createClient(settings: ClientSettings): Client {
  const deadlineMs = settings.deadlineMs ?? 30_000
  const send = (operation: Operation, input: AnyInput, init: Init) =>
    fetchOrThrow(new URL(pathOf(operation, input), settings.url), {
      ...init,
      method: operation.method,
      redirect: 'error',
      headers: { ...init.headers, authorization: `Bearer ${settings.token}` },
    })

  return {
    call: async <N extends Callable>(name: N, input?: CallInput<N>) => {
      const given = (input ?? {}) as AnyInput
      const body = given.body === undefined ? {} : { body: JSON.stringify(given.body) }
      const headers = {
        ...(given.body !== undefined && { 'content-type': 'application/json' }),
        ...(given.requestId !== undefined && { 'idempotency-key': given.requestId }),
      }
      const response = await send(OPERATIONS[name], given, {
        ...body,
        headers,
        signal: AbortSignal.timeout(deadlineMs),
      })
      return (await readJson(response)) as ResponseOf<N>
    },
    upload: async (artifactId, content) => {
      const response = await send(OPERATIONS.uploadArtifact, { params: { artifactId } }, {
        body: content,
        headers: { 'content-type': 'application/octet-stream' },
        duplex: 'half',
      } as unknown as Init)
      return (await readJson(response)) as Artifact
    },
    fetchUpload: async (taskId) => {
      return readBytes(await send(OPERATIONS.getTaskUpload, { params: { taskId } }, {}))
    },
    fetchBackup: async (upgradeId) => {
      return readBytes(await send(OPERATIONS.getUpgradeBackup, { params: { upgradeId } }, {}))
    },
    fetchReport: async function* (campaignId, format) {
      const input = { params: { campaignId }, query: { format } }
      const response = await send(OPERATIONS.getCampaignReport, input, {})
      if (!response.ok || response.body === null) return await readJson(response)
      try {
        yield* response.body
      } catch (cause) {
        throw new ClientError('unreachable', 'the report broke off: it is not whole', { cause })
      }
    },
    events: async function* (query, signal) {
      const response = await send(OPERATIONS.streamEvents, { query }, { signal })
      if (!response.ok || response.body === null) return await readJson(response)
      try {
        yield* readServerSentEvents(response.body)
      } catch (cause) {
        throw new ClientError('unreachable', `lost the operator API at ${settings.url}`, { cause })
      }
    },
  }
}

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> }

interface AnyInput {
  readonly params?: Record<string, unknown>
  readonly query?: Record<string, unknown>
  readonly body?: unknown
  readonly requestId?: string
}

function pathOf(operation: Operation, input: AnyInput): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(input.params?.[name] as string)),
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.set(name, String(value as string | number))
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

async function fetchOrThrow(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'TimeoutError') {
      throw new ClientError('deadline', `no answer from ${url.host} in time`, { cause })
    }
    throw new ClientError('unreachable', `cannot reach the operator API at ${url.origin}`, { cause })
  }
}

async function readBytes(response: Response): Promise<Uint8Array> {
  if (!response.ok) await readJson(response)
  return new Uint8Array(await response.arrayBuffer())
}

async function readJson(response: Response): Promise<unknown> {
  let body: unknown
  try {
    body = await response.json()
  } catch (cause) {
    throw new ClientError('unreadable', `the answer ${response.status} is not JSON: is this the operator API?`, {
      cause,
    })
  }
  if (response.ok) return body
  const problem = check(ProblemSchema, body)
  if (problem.kind === 'invalid') throw new ClientError('unreadable', `answered ${response.status} without a problem`)
  throw new ClientError('refused', `${problem.value.code}: ${problem.value.detail}`, { problem: problem.value })
}
