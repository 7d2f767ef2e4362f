import { parseArgs } from 'node:util'
import { type Check, createAdmin } from './admin.ts'
import { type Clock, systemClock } from './clock.ts'
import { processSettings } from './common-settings.ts'
import { withDeadline } from './deadline.ts'
import { type Drain, createDrain } from './drain.ts'
import { type Ids, createIds } from './ids.ts'
import { type Log, createLog } from './log.ts'
import { RuntimeError } from './runtime-error.ts'
import { type Settings, type SettingsValues, readSettings, settingsTable } from './settings.ts'
import { type Telemetry, startTelemetry } from './telemetry.ts'

/** What a service finds when it starts. */
export interface Process<Definition extends Settings> {
  readonly settings: SettingsValues<Definition & typeof processSettings>
  readonly log: Log
  readonly clock: Clock
  readonly ids: Ids
  /** Have something closed at the end, in the opposite order. Add a part as soon as it stands. */
  closeAtEnd(name: string, close: () => Promise<unknown>): void
  /** Ends the process in order, as SIGTERM does, but with exit code 1: for losses that cannot be mended from inside. */
  fail(error: unknown): void
}

export interface Started {
  /** For `/readyz`, by name. */
  readonly checks: Readonly<Record<string, Check>>
}

/**
 * The whole of a service's `main.ts`. `--help` prints the settings. Wrong settings: one line per problem on stderr,
 * exit 1. Then telemetry, log, admin server (alive at once, ready when `start` has resolved and its checks pass).
 * SIGTERM and SIGINT drain within SLUICE_DRAIN_MS and exit 0; a second one exits at once. Whatever nobody caught is
 * logged as fatal, and ends the process with 1.
 */
export async function runMain<const Definition extends Settings>(
  service: string,
  definition: Definition,
  start: (process: Process<Definition>) => Promise<Started>,
): Promise<void> {
  await run(service, definition, {}, async (stage) => {
    const { common, telemetry, log, drain } = stage
    let started: Started | undefined
    const checks = (): Started['checks'] => started?.checks ?? { started: () => false }
    const admin = await createAdmin({
      host: common.SLUICE_ADMIN_HOST,
      port: common.SLUICE_ADMIN_PORT,
      checks,
      isDraining: () => drain.isDraining(),
      metrics: telemetry.metrics,
      log,
    })
    // Added before all others, so closed after them: the probes see the drain.
    drain.add('admin', () => admin.close())
    started = await start(stage.process)
    log.info('process.started')
  })
}

/**
 * Like `runMain`, for work that ends by itself: exits with 0 once `work` has resolved, with 1 when it throws. No admin
 * server. `options` are what its command line takes.
 */
export async function runJob<const Definition extends Settings, const Options extends JobOptions>(
  name: string,
  definition: Definition,
  options: Options,
  work: (process: Process<Definition>, asked: Asked<Options>) => Promise<void>,
): Promise<void> {
  await run(name, definition, options, async (stage, asked) => {
    await work(stage.process, asked as Asked<Options>)
    await stage.end(0)
  })
}

/** What a job's command line takes, with a line for `--help`. */
export type JobOptions = Readonly<Record<string, { readonly type: 'boolean' | 'string'; readonly description: string }>>
export type Asked<Options extends JobOptions> = {
  readonly [Name in keyof Options]?: { boolean: boolean; string: string }[Options[Name]['type']]
}

const FLUSH_MS = 500

interface Stage<Definition extends Settings> {
  readonly process: Process<Definition>
  readonly common: SettingsValues<typeof processSettings>
  readonly telemetry: Telemetry
  readonly log: Log
  readonly drain: Drain
  end(exitCode: number): Promise<void>
}

async function run<const Definition extends Settings>(
  service: string,
  definition: Definition,
  options: JobOptions,
  play: (stage: Stage<Definition>, asked: Asked<JobOptions>) => Promise<void>,
): Promise<void> {
  const all = { ...definition, ...processSettings } as Definition & typeof processSettings
  const asked = readArguments(options)
  if (asked['help'] === true) {
    const lines = Object.entries(options).map(([name, { description }]) => `  --${name}  ${description}\n`)
    process.stdout.write(
      `${service}\n\n${lines.join('')}\nSettings, as environment variables:\n\n${settingsTable(all)}`,
    )
    return
  }
  const settings = readOrExit(all)
  const common = settings as SettingsValues<typeof processSettings>
  const endpoint = common.SLUICE_OTLP_ENDPOINT
  const telemetry = await startTelemetry({ service, ...(endpoint === undefined ? {} : { otlpEndpoint: endpoint }) })
  const log = createLog({ service, level: common.SLUICE_LOG_LEVEL })
  const drain = createDrain(log)
  drain.add('telemetry', () => telemetry.stop())

  const end = async (exitCode: number): Promise<void> => {
    await drain.run(common.SLUICE_DRAIN_MS)
    log.info({ exit_code: exitCode }, 'process.ended')
    // Lines are written behind the scenes: the last ones say why it ended.
    await withDeadline(new Promise<void>((resolve) => log.flush(() => resolve())), FLUSH_MS).catch(() => {})
    process.exit(exitCode)
  }
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, 'process.failed')
    if (drain.isDraining()) process.exit(1)
    void end(1)
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (drain.isDraining()) process.exit(1)
      log.info({ signal }, 'process.draining')
      void end(0)
    })
  }
  try {
    const parts = { settings, log, clock: systemClock, ids: createIds(), fail }
    const found = { ...parts, closeAtEnd: (name: string, close: () => Promise<unknown>) => drain.add(name, close) }
    await play({ process: found, common, telemetry, log, drain, end }, asked)
  } catch (error) {
    fail(error)
  }
}

function readArguments(options: JobOptions): Asked<JobOptions> {
  try {
    const plain = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]))
    const { values } = parseArgs({ options: { ...plain, help: { type: 'boolean', short: 'h' } }, strict: true })
    return values as Asked<JobOptions>
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(1)
  }
}

function readOrExit<const Definition extends Settings>(definition: Definition): SettingsValues<Definition> {
  try {
    return readSettings(definition, process.env)
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  }
}
