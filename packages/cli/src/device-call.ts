import { CALL_METHODS, type DeviceCall, DeviceCallSchema, check } from '@sluice/contracts'
import { UsageError } from './command.ts'
import { parseArguments } from './read-json.ts'

type Schema = Parameters<typeof check>[0]

/** A call as it was typed: the method's name in any case, its arguments as a JSON object. */
export function callOf(typed: string, json: string | undefined): DeviceCall {
  const method = CALL_METHODS.find((one) => one.toLowerCase() === typed.toLowerCase())
  if (method === undefined) throw new UsageError(`${typed} is none of ${CALL_METHODS.join(', ')}`)
  const call = { ...parseArguments(json, `what follows ${method}`), method }
  // The one of all calls that has this name: what does not fit is said of it, not of a union.
  const schema = (DeviceCallSchema as unknown as { anyOf: Schema[] }).anyOf[CALL_METHODS.indexOf(method)]!
  const checked = check(schema, call)
  if (checked.kind === 'valid') return checked.value as DeviceCall
  throw new UsageError(`${method}: ${checked.detail}`)
}

/** Seconds as an option, in milliseconds. */
export function millisecondsOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (!(seconds > 0) || seconds > 90 * 86_400) throw new UsageError(`--${option} ${text}: a number of seconds`)
  return Math.round(seconds * 1_000)
}
