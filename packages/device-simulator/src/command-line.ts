import { faultByName, isFaultName, type Faults } from './faults.ts'

/** What the user typed cannot be done; the message says why. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

const MILLISECONDS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const BYTES: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** `500ms`, `5s`, `2m`, `1h` in milliseconds. */
export function readDuration(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const factor = MILLISECONDS[unit]
  if (amount === undefined || factor === undefined)
    throw new UsageError(`--${option}: "${text}" is no time like 500ms, 5s, 2m`)
  return Number(amount) * factor
}

/** `4096`, `256k`, `8m` in bytes. */
export function readSize(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? []
  const factor = BYTES[unit.toLowerCase()]
  if (amount === undefined || factor === undefined)
    throw new UsageError(`--${option}: "${text}" is no size like 4096, 256k, 8m`)
  return Number(amount) * factor
}

export function readNumber(option: string, text: string, least: number): number {
  const number = text.trim() === '' ? NaN : Number(text)
  if (!Number.isFinite(number) || number < least)
    throw new UsageError(`--${option}: "${text}" is no number from ${least}`)
  return number
}

export function readChoice<Choice extends string>(option: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((one) => one === text)
  if (choice === undefined) throw new UsageError(`--${option}: "${text}" is none of ${choices.join(', ')}`)
  return choice
}

/** `refusesImage=2,cookieStyle:quoted=1`: the first two devices refuse, the third quotes its cookie, the others behave. */
export function readFaults(option: string, text: string): (index: number) => Faults {
  const ordered = readPairs(option, text).flatMap(([wanted, amount]) => {
    const [name = '', choice] = wanted.split(':')
    if (!isFaultName(name)) throw new UsageError(`--${option}: there is no fault "${name}"`)
    const fault = choice === undefined ? faultByName(name) : { [name]: readChoiceOf(choice) }
    return Array<Faults>(readNumber(option, amount, 0)).fill(fault)
  })
  return (index) => ordered[index] ?? {}
}

/** A number of a fault that takes one, or one of its words. */
function readChoiceOf(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text
}

/** `name=value,name=value` */
export function readPairs(option: string, text: string): [string, string][] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [name = '', value, ...more] = part.trim().split('=')
      if (value === undefined || more.length > 0) throw new UsageError(`--${option}: "${part}" is not name=value`)
      return [name, value]
    })
}
