/** What is to happen to devices, by virtual time: a heap in three flat arrays. */
export interface VirtualQueue {
  push(at: number, device: number): void
  /** The time of the next one; infinite where there is none. */
  nextAt(): number
  /** Takes the next one; its device. */
  pop(): number
  size(): number
}

export function createVirtualQueue(): VirtualQueue {
  const times: number[] = []
  const devices: number[] = []
  const put = (place: number, at: number, device: number) => {
    times[place] = at
    devices[place] = device
  }
  return {
    push(at, device) {
      let place = times.length
      put(place, at, device)
      while (place > 0) {
        const parent = (place - 1) >> 1
        if (times[parent]! <= at) break
        put(place, times[parent]!, devices[parent]!)
        place = parent
      }
      put(place, at, device)
    },
    nextAt: () => times[0] ?? Number.POSITIVE_INFINITY,
    pop() {
      const first = devices[0]!
      const at = times.pop()!
      const device = devices.pop()!
      const { length } = times
      if (length === 0) return first
      let place = 0
      for (;;) {
        let child = 2 * place + 1
        if (child >= length) break
        if (child + 1 < length && times[child + 1]! < times[child]!) child += 1
        if (times[child]! >= at) break
        put(place, times[child]!, devices[child]!)
        place = child
      }
      put(place, at, device)
      return first
    },
    size: () => times.length,
  }
}
