import type { Answer } from './task.ts'

/** Names still to be asked, in the batches they are asked in. */
export type NameBatches = readonly (readonly string[])[]

/** Some CPE refuse longer lists than their model's profile tells (seen in the field: 32). */
export function batchesOf(names: readonly string[], size: number): NameBatches {
  return Array.from({ length: Math.ceil(names.length / size) }, (_, i) => names.slice(i * size, (i + 1) * size))
}

/**
 * The first batch in halves, where its refusal may be due to one name of it (9005, TR-069 A.3.2.2) or to their number
 * (9004); null where the answer says more than that.
 */
export function halved([asked = [], ...rest]: NameBatches, answer: Answer): NameBatches | null {
  if (answer.kind !== 'fault' || ![9004, 9005].includes(answer.code) || asked.length < 2) return null
  const half = Math.ceil(asked.length / 2)
  return [asked.slice(0, half), asked.slice(half), ...rest]
}
