import { megabytes } from './read-memory.ts'
import type { Findings } from './try-gateway.ts'

/** Of what it held after the first tenth; and what a runtime takes while it warms up. */
const GROWTH = 1.25
const WARMING_BYTES = 12e6
/** Where a machine has much memory, V8 collects late: what is resident tells its size more than what is held. */
const MOST_RESIDENT = 512e6
/** A gateway that is away all the time promises nothing. */
const MOST_UNAVAILABLE = 0.05

/** What does not hold, one sentence each; empty: all does. */
export function brokenPromises(findings: Findings): string[] {
  const { options, tally, memoryAfterTenth, memoryAtEnd, accidents, inventory, logs } = findings
  const unavailable = tally.statuses.get('503') ?? 0
  const { held, resident } = memoryAtEnd
  const mostHeld = memoryAfterTenth.held * GROWTH + WARMING_BYTES
  return [
    ...tally.broken.map(
      ({ number, kind, sample, why, base64 }) => `mutant ${number} (${kind} of ${sample}): ${why}: ${base64}`,
    ),
    ...accidents,
    ...(tally.played < options.mutants ? [`${tally.played} of ${options.mutants} mutants were played`] : []),
    ...(unavailable > tally.played * MOST_UNAVAILABLE ? [`${unavailable} answers were 503`] : []),
    ...(held <= mostHeld
      ? []
      : [`the gateway holds ${megabytes(held)}, after a tenth ${megabytes(memoryAfterTenth.held)}`]),
    ...(resident <= MOST_RESIDENT ? [] : [`${megabytes(resident)} of the gateway are resident`]),
    ...inventory.strange.map((device) => `a strange device is in the inventory: ${device}`),
    ...[...logs].flatMap(([name, log]) => [
      ...log.strays.map((line) => `the log of ${name} has a line that is no entry: ${JSON.stringify(line)}`),
      ...[...log.events.keys()]
        .filter((event) => /^(?:error |fatal |warn bus\.)/.test(event))
        .map((event) => `the log of ${name} has ${log.events.get(event)} entries ${event}`),
    ]),
  ]
}
