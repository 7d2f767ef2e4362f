import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const compose = join(import.meta.dirname, '../../deploy/compose.yaml')

/** What gateways are deployed with is what is measured: the flags between `node` and the entry of their command. */
export function deployedOptions(): string {
  const { 'x-gateway': gateway } = parse(readFileSync(compose, 'utf8'), { merge: true }) as {
    'x-gateway': { command: string[] }
  }
  return gateway.command.filter((word) => word.startsWith('--')).join(' ')
}
