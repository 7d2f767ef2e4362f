import type { AddressInfo } from 'node:net'
import type { Bus } from '@sluice/bus'
import type { Clock, Log } from '@sluice/runtime'
import { createAnswers } from './answers.ts'
import { createTaskWaits } from './await-task.ts'
import { createEventStreams } from './event-stream.ts'
import { createObservability } from './observability.ts'
import { fetchUpload } from './fetch-upload.ts'
import { createServer } from './server.ts'
import { readTokens } from './tokens.ts'
import { createReportWriter } from './write-report.ts'
import { forwardUpload } from './upload.ts'

export interface ApiParts {
  readonly bus: Bus
  readonly clock: Clock
  readonly log: Log
}

export interface ApiSettings {
  readonly host: string
  readonly port: number
  /** `name=token`, separated by commas or lines. */
  readonly tokens: string
  readonly intakeUrl: string
  readonly intakeToken: string
  /** How long the body of a request may take; that of an upload may not stand still for as long. 15 s unless told. */
  readonly bodyMs?: number
}

export interface OperatorApi {
  start(): Promise<{ readonly port: number }>
  stop(): Promise<void>
}

/** REST and live events for people and OSS/BSS. Holds no state: every answer is another service's. */
export function createOperatorApi({ bus, clock, log }: ApiParts, settings: ApiSettings): OperatorApi {
  const tokens = readTokens(settings.tokens)
  const observability = createObservability()
  let stop = async () => {}
  return {
    start: async () => {
      const streams = await createEventStreams(bus, clock, (change) => observability.eventStreams.add(change))
      const waits = await createTaskWaits(bus, clock)
      const intake = { url: settings.intakeUrl, token: settings.intakeToken }
      const server = createServer({
        answers: createAnswers(bus, waits.awaitTask),
        upload: (artifactId, content, signal) => forwardUpload(bus, intake, artifactId, content, signal),
        fetchUpload: (uploadId, signal) => fetchUpload(intake, uploadId, signal),
        writeReport: createReportWriter(bus),
        streams,
        tokens,
        log,
        clock,
        observability,
        bodyMs: settings.bodyMs ?? 15_000,
      })
      await server.listen({ host: settings.host, port: settings.port })
      const { port } = server.server.address() as AddressInfo
      log.info({ host: settings.host, port }, 'api.server.listening')
      stop = async () => {
        await waits.stop()
        await streams.stop()
        await server.close()
      }
      return { port }
    },
    stop: () => stop(),
  }
}
