#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { UsageError } from './command-line.ts'
import { IMAGE_HELP, imageCommand } from './command-image.ts'
import { obey } from './command-orders.ts'
import { RUN_HELP, runCommand } from './command-run.ts'

const [first = '', ...rest] = process.argv.slice(2)
const command = first === 'image' ? 'image' : 'run'
const args = first === 'image' || first === 'run' ? rest : process.argv.slice(2)

try {
  if (args.includes('--help') || process.argv.length === 2) {
    process.stdout.write(command === 'image' ? IMAGE_HELP : `${RUN_HELP}\n${IMAGE_HELP}`)
  } else if (command === 'image') {
    process.stdout.write(imageCommand(args))
  } else {
    const { fleet, obeys, finish } = runCommand(args)
    process.stdout.write(`${fleet.devices.length} devices are running. Stop them with Ctrl-C.\n`)
    const orders = obeys ? createInterface({ input: process.stdin }) : undefined
    orders?.on('line', (line) => {
      try {
        if (line.trim() !== '') obey(fleet, line)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        process.stderr.write(`${error.message}\n`)
      }
    })
    const end = (): void => {
      orders?.close()
      void finish().then((summary) => process.stdout.write(summary))
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
  }
} catch (error) {
  if (!(error instanceof UsageError) && !isBadArgument(error)) throw error
  process.stderr.write(`${error.message}\nSee --help.\n`)
  process.exitCode = 2
}

/** What parseArgs throws about options it does not know. */
function isBadArgument(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
