import type { Bus } from '@sluice/bus'
import { type DeviceCall, taskCreate } from '@sluice/contracts'
import { type Cpe } from '../bench/cpe.ts'

const CALLS: readonly DeviceCall[] = [
  { method: 'GetParameterValues', names: ['Device.DeviceInfo.', 'Device.WiFi.SSID.1.SSID'] },
  {
    method: 'SetParameterValues',
    parameters: [{ name: 'Device.WiFi.SSID.1.SSID', value: 'a & b', type: 'string' }],
  },
  { method: 'GetParameterNames', path: 'Device.', nextLevel: true },
  { method: 'Reboot' },
  { method: 'GetRPCMethods' },
  { method: 'Download', fileType: '3 Vendor Configuration File', url: 'http://192.0.2.9/config' },
]

/** So that sessions have something to ask, and mutants something to answer. A device that has enough gets no more. */
export async function placeCalls(bus: Bus, devices: readonly Cpe[], round: number): Promise<void> {
  const replies = devices.flatMap(({ username }, at) =>
    [0, 1].map((further) => {
      const call = CALLS[(round * 2 + at + further) % CALLS.length]!
      return bus.request(taskCreate, {
        device: username,
        draft: { call, deadlineMs: 60_000 },
        actor: 'service:mutants',
      })
    }),
  )
  const refusal = (await Promise.all(replies)).find((reply) => !reply.ok && reply.error.code !== 'conflict')
  if (refusal?.ok === false) throw new Error(`device-tasks takes no call: ${JSON.stringify(refusal.error)}`)
}
