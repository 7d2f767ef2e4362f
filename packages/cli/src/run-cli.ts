import { parseArgs } from 'node:util'
import { type Client, ClientError } from '@sluice/client'
import { artifactCommands } from './artifacts.ts'
import { auditCommands } from './audit.ts'
import { campaignCommands } from './campaigns.ts'
import { type Command, type Invocation, type Screen, UsageError, type Values } from './command.ts'
import { changeDeviceCommands } from './change-device.ts'
import { deviceCommands } from './devices.ts'
import { fleetTaskCommands } from './fleet-tasks.ts'
import { gatewayRuleCommands } from './gateway-rules.ts'
import { messageCommands } from './messages.ts'
import { releaseCommands } from './release/release-commands.ts'
import { taskCommands } from './tasks.ts'
import { thresholdCommands } from './thresholds.ts'
import { keyCommands } from './keys.ts'
import { upgradeCommands } from './upgrades.ts'

const COMMANDS: readonly Command[] = [
  ...keyCommands,
  ...thresholdCommands,
  ...artifactCommands,
  ...releaseCommands,
  ...deviceCommands,
  ...changeDeviceCommands,
  ...messageCommands,
  ...taskCommands,
  ...fleetTaskCommands,
  ...gatewayRuleCommands,
  ...campaignCommands,
  ...upgradeCommands,
  ...auditCommands,
]

export interface CliParts {
  readonly connect: () => Client
  readonly say: (line: string) => void
  readonly complain: (line: string) => void
  readonly screen: Screen | null
  readonly signal: AbortSignal
}

/** Runs one command line; answers the exit code: 0 done, 1 not done, 2 not understood, 3 the API is out of reach. */
export async function runCli(args: readonly string[], parts: CliParts): Promise<number> {
  if (args.length === 0 || args[0] === '--help' || args[0] === 'help') {
    for (const line of help()) parts.say(line)
    return args.length === 0 ? 2 : 0
  }
  const command = COMMANDS.find(({ name }) => name === args[0] || name === args.slice(0, 2).join(' '))
  if (command === undefined) {
    parts.complain(`there is no command "${args.slice(0, 2).join(' ')}"; see sluice --help`)
    return 2
  }
  try {
    const { values, positionals } = readArguments(command, args.slice(command.name.split(' ').length))
    if (values['help'] === true) {
      parts.say([`sluice ${command.name} ${command.usage}`, '', command.summary, ...optionLines(command)].join('\n'))
      return 0
    }
    const done = await command.run(invocationOf(parts, values, positionals))
    return done === false ? 1 : 0
  } catch (error) {
    return explain(error, command, parts)
  }
}

function invocationOf({ connect, ...parts }: CliParts, values: Values, positionals: readonly string[]): Invocation {
  let client: Client | undefined
  return {
    ...parts,
    get client() {
      return (client ??= connect())
    },
    values,
    positionals,
  }
}

function readArguments(command: Command, args: string[]) {
  const options = { ...command.options, help: { type: 'boolean' as const } }
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true })
  if (positionals.length > command.positionals) throw new UsageError(`too much: ${positionals.at(-1)}`)
  const isEither = !command.usage.startsWith('<') || command.usage.includes('|')
  const needs = command.needs ?? (isEither ? 0 : command.positionals)
  if (values['help'] !== true && positionals.length < needs) throw new UsageError('something is missing')
  return { values, positionals }
}

function explain(error: unknown, command: Command, { complain, signal }: CliParts): number {
  if (signal.aborted) return 130
  const isUsage =
    error instanceof UsageError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  if (isUsage) {
    complain(`${(error as Error).message}\nusage: sluice ${command.name} ${command.usage}`)
    return 2
  }
  if (error instanceof ClientError) {
    const trace = error.problem?.traceId === undefined ? '' : ` (trace ${error.problem.traceId})`
    complain(`${error.message}${trace}`)
    return error.code === 'refused' ? 1 : 3
  }
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    complain(error.message)
    return 1
  }
  throw error
}

function optionLines({ options }: Command): string[] {
  const lines = Object.entries(options).map(([name, { type, multiple, default: value }]) => {
    const takes = type === 'boolean' ? '' : ' <value>'
    return `  --${name}${takes}${multiple === true ? ', may be repeated' : ''}${value === undefined ? '' : ` (${String(value)})`}`
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

function help(): string[] {
  const width = Math.max(...COMMANDS.map((command) => command.name.length))
  return [
    'sluice <command> [options]',
    '',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'sluice <command> --help tells its options. The API is found by SLUICE_URL (http://127.0.0.1:8080) and',
    'SLUICE_TOKEN, or by the .sluice folder of a system started here. Exit codes: 0 done, 1 not done or refused,',
    '2 not understood, 3 the API is out of reach.',
  ]
}
