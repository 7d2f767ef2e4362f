import { type InputOf, type OutputOf, type Reply, deviceList } from '@sluice/contracts'
import type { Parts } from '../parts.ts'

type Asked = Omit<InputOf<typeof deviceList>, 'limit'>
export type AskInventory = (asked: Asked) => Promise<Reply<OutputOf<typeof deviceList>>>

/** Asks for pages of the inventory, as large as they may be in one message; once they were too large, the next are smaller. */
export function createInventoryPages({ bus, settings }: Pick<Parts, 'bus' | 'settings'>): AskInventory {
  let limit = settings.planPageSize
  return async (asked) => {
    for (;;) {
      const page = await bus.request(deviceList, { ...asked, limit })
      if (page.ok || page.error.code !== 'too_large' || limit === 1) return page
      limit = Math.ceil(limit / 2)
    }
  }
}
