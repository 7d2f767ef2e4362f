import { readFileSync } from 'node:fs'
import { UsageError } from './command.ts'

/** JSON that a person typed or wrote into a file. */
function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${where} is not JSON`)
  }
}

export function readJsonFile(file: string): unknown {
  return parseJson(readFileSync(file, 'utf8'), file)
}

/** JSON of an object, as the rest of what a command sends. */
export function parseArguments(text: string | undefined, where: string): Record<string, unknown> {
  const value = text === undefined ? {} : parseJson(text, where)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${where} is no object`)
  return value as Record<string, unknown>
}
