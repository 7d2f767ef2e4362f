import type { Bus, Stop } from '@sluice/bus'
import { credentialChanged, taskPlaced } from '@sluice/contracts'
import type { HotStore } from '@sluice/hot-store'
import type { ModelProfile } from '@sluice/model-profiles'
import { type Clock, type Ids, type Log, RuntimeError } from '@sluice/runtime'
import { admitPost } from './admit-post.ts'
import { contradictionIn, type GatewaySettings } from './config.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { createAuthenticator } from './http/authenticate.ts'
import { createCredentialSource } from './http/credential-source.ts'
import { failed, type Reply, unavailable } from './http/reply.ts'
import { type CwmpServer, startCwmpServer } from './http/server.ts'
import { createInstruments } from './observability.ts'
import { createMessageLog } from './messages/message-log.ts'
import { createReports } from './reports.ts'
import { type Restore, startRestore } from './restore.ts'
import { createRules } from './rules.ts'
import { createServices } from './services.ts'
import { createSettingsSeal } from './settings-seal.ts'
import { createSnapshotDigest } from './snapshot-digest.ts'

export interface Gateway {
  /** Resolves once CPE are listened to. */
  start(): Promise<void>
  /** Where, once it has started; 0 where plain HTTP, or TLS, is off. */
  readonly port: number
  readonly tlsPort: number
  isReady(): boolean
  /**
   * Drains: is not ready, serves on for `drainDelayMs`, then takes nothing new, lets what is under way end, closes.
   * The bus and the hot store stay open.
   */
  stop(): Promise<void>
}

export interface GatewayOptions {
  readonly bus: Bus
  readonly hotStore: HotStore
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly profiles: readonly ModelProfile[]
  readonly settings: GatewaySettings
}

/**
 * Wires one gateway. Any number of them share bus and hot store; any takes the next POST of a session that its cookie
 * or its credentials name.
 */
export function createGateway({ bus, hotStore, clock, ids, log, profiles, settings }: GatewayOptions): Gateway {
  const reports = createReports({ bus, ids, clock })
  const credentials = createCredentialSource({ bus, clock, log })
  const authenticator = createAuthenticator({ credentials, hotStore, clock, settings })
  const instruments = createInstruments()
  const rules = createRules({ bus, clock, log, profiles })
  const services = createServices({ bus, clock, log })
  const messages = createMessageLog({ bus, ids, clock, log, instruments })
  let restore: Restore | undefined
  let server: CwmpServer | undefined
  let consumers: Stop[] = []
  let leaving = false
  let draining = false

  const whatIsAway = (): string | null => {
    if (bus.status() === 'down') return 'bus_down'
    if (hotStore.status() === 'down') return 'hot_store_down'
    return restore?.isRestored() === true ? null : 'hot_store_not_restored'
  }
  const whyNot = () => (draining ? 'draining' : whatIsAway())
  const digest = createSnapshotDigest(settings.snapshotKey)
  const parts: GatewayParts = {
    bus,
    hotStore,
    clock,
    log,
    rules,
    services,
    messages,
    settings,
    reports,
    authenticator,
    instruments,
    digest,
    settingsSeal: createSettingsSeal(settings.settingsKey),
    whyNot,
    whatIsAway,
  }

  return {
    async start() {
      const contradiction = contradictionIn(settings)
      if (contradiction !== null) throw new RuntimeError('invalid_settings', contradiction)
      await rules.start()
      restore = await startRestore({ bus, hotStore, clock, log })
      consumers = [
        await bus.consume(taskPlaced, (batch) => hotStore.place(batch.flatMap(({ data }) => data.items))),
        await bus.consume(credentialChanged, (batch) =>
          hotStore.forgetCredentials(batch.flatMap(({ data }) => data.deviceKeys)),
        ),
      ]
      server = await startCwmpServer({
        settings,
        clock,
        log,
        isDraining: () => leaving,
        admit: (head) => admitPost(parts, head),
        translate,
        answered: ({ status, reason }, ms) => instruments.posted(status, reason, ms),
      })
      const { port, tlsPort } = server
      log.info({ host: settings.host, port, auth: settings.auth, tls_port: tlsPort }, 'cwmp.listening')
    },
    get port() {
      return started().port
    },
    get tlsPort() {
      return started().tlsPort
    },
    isReady: () => !leaving && whyNot() === null,
    async stop() {
      leaving = true
      if (server !== undefined && settings.drainDelayMs > 0) await clock.sleep(settings.drainDelayMs)
      draining = true
      await server?.close()
      await Promise.all(consumers.map((stop) => stop()))
      await restore?.stop()
      await rules.stop()
      await Promise.all([reports.stop(), messages.stop()])
    },
  }

  function started(): CwmpServer {
    if (server === undefined) throw new Error('the gateway has not started')
    return server
  }

  /** What is away is 503 without SOAP, so that the CPE keeps what it wanted to say; anything else is ours. */
  function translate(error: unknown): Reply {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (typeof code === 'string' && AWAY.includes(code)) {
      log.warn({ err: error }, 'cwmp.post.unavailable')
      return unavailable(settings.retryAfterSeconds, code)
    }
    log.error({ err: error }, 'cwmp.post.failed')
    return failed()
  }
}

const AWAY = ['unavailable', 'closed', 'topology', 'deadline_exceeded', 'overloaded', 'stopped']
