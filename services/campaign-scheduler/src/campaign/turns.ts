import { type Reply, refused } from '@sluice/contracts'

export type InTurn = <Data>(work: () => Promise<Reply<Data>>) => Promise<Reply<Data>>

/** For what takes long and costs others much: so many at once, up to `most` with those that wait; who comes then is told to come again. */
export function createTurns(
  what: string,
  { atOnce, most }: { readonly atOnce: number; readonly most: number },
): InTurn {
  const waiting: (() => void)[] = []
  let under = 0
  return async (work) => {
    if (under >= most) return refused('unavailable', `too many ${what} at once`)
    under += 1
    if (under > atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      under -= 1
      waiting.shift()?.()
    }
  }
}
