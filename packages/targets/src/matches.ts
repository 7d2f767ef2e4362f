import { compareVersions } from '@sluice/versions'
import { type Expression, type Order, type Term, type TextField, UNIT_MS } from './expression.ts'
import { percentRank } from './percent-rank.ts'
import { instantOf } from './time.ts'

/** What of the inventory is asked for. Null: unknown. */
export interface TargetedDevice {
  readonly deviceKey: string
  readonly name: string
  readonly oui: string
  readonly productClass: string
  readonly serialNumber: string
  /** Empty: unknown, until a device that was brought in has told it. */
  readonly manufacturer: string
  readonly hardwareVersion: string | null
  readonly softwareVersion: string | null
  readonly site: string | null
  readonly region: string | null
  readonly accessNode: string | null
  readonly zone: string | null
  readonly tags: readonly string[]
  /** RFC 3339. Null: never, which is a fact and nothing unknown. */
  readonly lastInformAt: string | null
}

/** A question about what is unknown has no answer; neither has its opposite. */
type Answer = boolean | 'unknown'

/** Whether it is certain that the expression holds for the device; `now` in epoch milliseconds. Asks each term once at most. */
export function matches(expression: Expression, device: TargetedDevice, now: number): boolean {
  return answer(expression, device, now) === true
}

/** The logic of three values (Kleene), as in SQL. */
function answer(expression: Expression, device: TargetedDevice, now: number): Answer {
  if (expression.kind === 'not') return opposite(answer(expression.of, device, now))
  if (expression.kind !== 'and' && expression.kind !== 'or') return answerTerm(expression, device, now)
  const decides = expression.kind === 'or'
  let undecided: Answer = !decides
  for (const one of expression.of) {
    const found = answer(one, device, now)
    if (found === decides) return decides
    if (found === 'unknown') undecided = 'unknown'
  }
  return undecided
}

function opposite(found: Answer): Answer {
  return found === 'unknown' ? found : !found
}

function answerTerm(term: Term, device: TargetedDevice, now: number): Answer {
  switch (term.kind) {
    case 'one_of': {
      const found = ofTexts(term.field, device, (text) => term.values.includes(text))
      return term.isNegated ? opposite(found) : found
    }
    case 'starts_with':
      return ofTexts(term.field, device, (text) => text.startsWith(term.prefix))
    case 'known':
      return (textOf(term.field, device) === null) === term.isNegated
    case 'version': {
      const { softwareVersion } = device
      return softwareVersion === null
        ? 'unknown'
        : isInOrder(compareVersions(softwareVersion, term.version), term.order)
    }
    case 'percent':
      return percentRank(device.deviceKey) < term.share === (term.order === '<')
    case 'never_informed':
      return device.lastInformAt === null
    case 'informed_within':
      return informedAt(device) >= now - term.amount * UNIT_MS[term.unit]
    case 'informed':
      return isOnSide(device, term)
  }
}

function ofTexts(field: TextField | 'tag', device: TargetedDevice, fits: (text: string) => boolean): Answer {
  if (field === 'tag') return device.tags.some(fits)
  const text = textOf(field, device)
  return text === null ? 'unknown' : fits(text)
}

function textOf(field: TextField, device: TargetedDevice): string | null {
  const text = device[field]
  return field === 'manufacturer' && text === '' ? null : text
}

/** Long before any time that can be asked for where it never did. */
function informedAt({ lastInformAt }: TargetedDevice): number {
  return lastInformAt === null ? Number.NEGATIVE_INFINITY : Date.parse(lastInformAt)
}

function isOnSide(device: TargetedDevice, { side, time }: Term & { kind: 'informed' }): boolean {
  const at = informedAt(device)
  const given = instantOf(time) ?? Number.NaN
  return side === 'before' ? at < given && device.lastInformAt !== null : at >= given
}

function isInOrder(compared: number, order: Order): boolean {
  switch (order) {
    case '<':
      return compared < 0
    case '<=':
      return compared <= 0
    case '>':
      return compared > 0
    case '>=':
      return compared >= 0
  }
}
