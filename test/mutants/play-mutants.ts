import type { Sample } from './corpus.ts'
import { createDeviceLine, type DeviceLine } from './device-line.ts'
import { type Dice, diceOf } from './dice.ts'
import { type Manner, type Outcome, tellLie } from './line.ts'
import { makeMutant, type Mutant } from './make-mutant.ts'
import type { Options } from './options.ts'
import { wrongIn } from './read-answers.ts'
import { REQUEST_TIMEOUT_MS, type Stand } from './start-stand.ts'

/** A mutant that broke a promise, with what is needed to send it again. */
export interface Broken {
  readonly number: number
  readonly kind: string
  readonly sample: string
  readonly why: string
  readonly base64: string
}

export interface Tally {
  played: number
  /** By status; `end`: the connection ended without one, of what said no truth about its length. */
  readonly statuses: Map<string, number>
  readonly kinds: Map<string, Map<string, number>>
  slowestMs: number
  slowest: string
  readonly broken: Broken[]
}

export interface Mutants {
  readonly tally: Tally
  /** Plays as many more, on all lines at once. */
  play(count: number): Promise<void>
  /** Waits for what is still on its way. */
  close(): Promise<void>
}

const LIES_AT_ONCE = 48
/** The timers of a busy machine are late. */
const LENIENCY_MS = 6_000

export function createMutants(corpus: readonly Sample[], { port, devices }: Stand, options: Options): Mutants {
  const { seed, auth } = options
  const lines = devices.map((cpe) => createDeviceLine(port, cpe, auth))
  const lying = new Set<Promise<void>>()
  const tally: Tally = {
    played: 0,
    statuses: new Map(),
    kinds: new Map(),
    slowestMs: 0,
    slowest: '',
    broken: [],
  }
  let next = options.from

  return {
    tally,
    async play(count) {
      const end = next + count
      await Promise.all(
        lines.map(async (line) => {
          while (next < end) await playOne(line, next++)
        }),
      )
    },
    async close() {
      await Promise.all(lying)
      lines.forEach((line) => line.close())
    },
  }

  async function playOne(line: DeviceLine, number: number): Promise<void> {
    const dice = diceOf(seed, number)
    if (!line.inSession || dice(4) === 0) await line.openSession(dice)
    const mutant = makeMutant(corpus, line.sender(dice), dice)
    if (mutant.promise === 'answer') {
      const outcome = await line.exchange(mutant.bytes)
      judge(number, mutant, outcome)
      line.heard(outcome.answers, dice)
      return
    }
    while (lying.size >= LIES_AT_ONCE) await Promise.race(lying)
    const manner = mannerOf(dice)
    const lie = tellLie(port, mutant.bytes, manner, REQUEST_TIMEOUT_MS + LENIENCY_MS).then((outcome) => {
      judge(number, mutant, outcome)
    })
    const done = lie.finally(() => lying.delete(done))
    lying.add(done)
  }

  function judge(number: number, { kind, sample, bytes, promise }: Mutant, { answers, ended, ms, unasked }: Outcome) {
    tally.played += 1
    const verdicts = answers.length === 0 ? ['end'] : answers.map(({ status }) => String(status))
    for (const verdict of verdicts) {
      count(tally.statuses, verdict)
      if (!tally.kinds.has(kind)) tally.kinds.set(kind, new Map())
      count(tally.kinds.get(kind)!, verdict)
    }
    // What says less than it announces is waited for.
    if (promise === 'answer' && ms > tally.slowestMs) {
      tally.slowestMs = ms
      tally.slowest = `${kind} of ${sample}, number ${number}`
    }
    const why = whyBroken()
    if (why !== null) tally.broken.push({ number, kind, sample, why, base64: bytes.toString('base64') })

    function whyBroken(): string | null {
      if (unasked === true) return 'what was sent before it had more than one answer'
      if (answers.length === 0 && (promise === 'answer' || !ended)) {
        return ended ? 'the connection ended without an answer' : 'neither an answer nor an end'
      }
      return answers.map(wrongIn).find((wrong) => wrong !== null) ?? null
    }
  }
}

function mannerOf(dice: Dice): Manner {
  if (dice(60) === 0) return 'stays'
  return dice(3) === 0 ? 'ends_at_once' : 'ends_soon'
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
