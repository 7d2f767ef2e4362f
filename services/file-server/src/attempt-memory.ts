import { createServedBytes, type ServedBytes } from './served-bytes.ts'

/** What this process remembers of an attempt, so that each fact is told about once. */
export interface AttemptMemory {
  readonly served: ServedBytes
  /** What was served, and what the device said it held already: from another replica, or from before we were started. */
  readonly held: ServedBytes
  firstByteTold: boolean
  lastByteTold: boolean
  /** When a refusal was told last, by reason. */
  readonly refusalToldAt: Map<string, number>
}

/** The attempts seen last, at most `most`: a device that comes back after that is told about again, which does no harm. */
export function createAttemptMemories(most: number): { of(attemptId: string): AttemptMemory } {
  const memories = new Map<string, AttemptMemory>()
  return {
    of(attemptId) {
      const memory = memories.get(attemptId) ?? {
        served: createServedBytes(),
        held: createServedBytes(),
        firstByteTold: false,
        lastByteTold: false,
        refusalToldAt: new Map(),
      }
      // Last used goes to the end; the one at the front is forgotten.
      memories.delete(attemptId)
      memories.set(attemptId, memory)
      if (memories.size > most) memories.delete(memories.keys().next().value!)
      return memory
    },
  }
}
