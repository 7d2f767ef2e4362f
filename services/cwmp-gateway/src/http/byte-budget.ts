export interface ByteBudget {
  /** Resolves in the order of asking, once so many bytes are left. Never more than there are in all. */
  take(bytes: number): Promise<void>
  give(bytes: number): void
}

/** What may be held in memory by all together: who comes later waits, unread. */
export function createByteBudget(total: number): ByteBudget {
  let left = total
  const waiting: { readonly bytes: number; readonly go: () => void }[] = []

  return {
    take: (bytes) =>
      new Promise((go) => {
        waiting.push({ bytes, go })
        admit()
      }),
    give: (bytes) => {
      left += bytes
      admit()
    },
  }

  function admit(): void {
    for (let next = waiting[0]; next !== undefined && next.bytes <= left; next = waiting[0]) {
      waiting.shift()
      left -= next.bytes
      next.go()
    }
  }
}
