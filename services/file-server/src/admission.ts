/** How many transfers may run at once: in all, and for one attempt. */
export interface Admission {
  /** A function that gives the place back, to be called once, or null: there is none. */
  enter(attemptId: string): (() => void) | null
  active(): number
}

export function createAdmission(limits: { readonly inAll: number; readonly perAttempt: number }): Admission {
  const byAttempt = new Map<string, number>()
  let active = 0
  return {
    enter(attemptId) {
      const mine = byAttempt.get(attemptId) ?? 0
      if (active >= limits.inAll || mine >= limits.perAttempt) return null
      active += 1
      byAttempt.set(attemptId, mine + 1)
      return () => {
        active -= 1
        const rest = (byAttempt.get(attemptId) ?? 1) - 1
        if (rest === 0) byAttempt.delete(attemptId)
        else byAttempt.set(attemptId, rest)
      }
    },
    active: () => active,
  }
}
