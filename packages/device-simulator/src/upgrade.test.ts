import { afterEach, describe, expect, it } from 'vitest'
import { downloadCall, eventsOf, startScriptedAcs, type ScriptedAcs } from '../test/scripted-acs.ts'
import { buildSimulatedImage, createFleet, testVendorKey, type Faults, type Fleet, type RecordLine } from './index.ts'

const SERIAL = 'SIM000001'
const { privateKey } = testVendorKey()
const newImage = buildSimulatedImage({ version: '2.0.0', sizeBytes: 20_000, privateKey })

let acs: ScriptedAcs
let fleet: Fleet
afterEach(async () => {
  await fleet.stop()
  await acs.close()
})

/** A device whose first session gets a Download, and the record of what happened to it until `until` did. */
async function upgradeWith(
  faults: Faults,
  until: (line: RecordLine) => boolean,
  image = newImage,
): Promise<RecordLine[]> {
  acs = await startScriptedAcs()
  const url = acs.serve('/fw.bin', image)
  acs.ask(SERIAL, downloadCall('key-1', url))
  fleet = createFleet({
    acsUrl: acs.url,
    count: 1,
    seed: 7,
    timeScale: 0.001,
    faults: () => faults,
    device: { rebootMs: 20, flashMs: 5 },
  })
  const lines: RecordLine[] = []
  const done = new Promise<void>((resolve) => {
    fleet.onRecord((line) => {
      lines.push(line)
      if (until(line)) setTimeout(resolve, 30)
    })
  })
  fleet.start()
  await done
  return lines
}

const answered = (line: RecordLine): boolean => line.what === 'transfer_complete_answered'

describe('a device that behaves', () => {
  it('downloads, checks, flashes, reboots and reports in the boot session', async () => {
    const lines = await upgradeWith({}, answered)
    expect(lines.map((line) => line.what)).toEqual([
      'booted',
      'informed',
      'download_received',
      'download_answered',
      'bytes_received',
      'flashed',
      'booted',
      'informed',
      'transfer_complete_sent',
      'transfer_complete_answered',
    ])
    const informs = acs.posts.filter((post) => post.name === 'Inform')
    expect(informs.map(eventsOf)).toEqual([
      ['0 BOOTSTRAP', '1 BOOT'],
      ['4 VALUE CHANGE', '1 BOOT', '7 TRANSFER COMPLETE', 'M Download'],
    ])
    expect(fleet.states()).toEqual([
      {
        deviceName: '02A1B2-SimGateway-SIM000001',
        serialNumber: SERIAL,
        version: '2.0.0',
        outcomeAsDeviceSeesIt: 'running_new',
        settingsIntact: true,
        downloadsReceivedByCommandKey: { 'key-1': 1 },
      },
    ])
  })
})
