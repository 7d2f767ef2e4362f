import type { Bus } from '@sluice/bus'
import { deviceKeyOf, deviceList, deviceNameOf, type OutputOf, type Reply } from '@sluice/contracts'

export interface Inventory {
  readonly devices: number
  /** What no device may be called, or called by: at most twenty. */
  readonly strange: readonly string[]
}

/** Every device there is, and those among them whose key or name does not say what the device said. */
export async function readInventory(bus: Bus): Promise<Inventory> {
  const strange: string[] = []
  let devices = 0
  let cursor: string | null = null
  do {
    const reply: Reply<OutputOf<typeof deviceList>> = await bus.request(deviceList, {
      filter: {},
      limit: 1_000,
      ...(cursor === null ? {} : { cursor }),
    })
    if (!reply.ok) throw new Error(`the registry does not list its devices: ${reply.error.code}`)
    for (const { deviceKey, name, oui, productClass, serialNumber } of reply.data.items) {
      devices += 1
      const identity = { oui, productClass, serialNumber }
      const isTrue =
        /^dev_[a-z2-7]{26}$/.test(deviceKey) &&
        /^[0-9A-F]{6}$/.test(oui) &&
        /^[\w%-]{1,512}$/.test(name) &&
        deviceKey === deviceKeyOf(identity) &&
        name === deviceNameOf(identity)
      if (!isTrue && strange.length < 20) strange.push(JSON.stringify({ deviceKey, name, ...identity }))
    }
    cursor = reply.data.next
  } while (cursor !== null)
  return { devices, strange }
}
