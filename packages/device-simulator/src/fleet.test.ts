import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { aWhile, newImage } from '../test/bench.ts'
import { downloadCall, startScriptedAcs, type ScriptedAcs } from '../test/scripted-acs.ts'
import { createFleet, type Faults, type FleetSettings, type RecordLine } from './index.ts'

const acsOfTest: ScriptedAcs[] = []
afterEach(async () => {
  for (const acs of acsOfTest.splice(0)) await acs.close()
})

async function anAcs(): Promise<ScriptedAcs> {
  const acs = await startScriptedAcs()
  acsOfTest.push(acs)
  return acs
}

const BEFORE_ITS_END: ReadonlySet<string> = new Set(['untouched', 'in_progress'])
const quick = { seed: 7, timeScale: 0.001, device: { rebootMs: 20, flashMs: 5 } } satisfies Partial<FleetSettings>

describe('a fleet', () => {
  it('of 1,000 devices that informed and were stopped leaves no timer and no socket', async () => {
    const acs = await anAcs()
    const fleet = createFleet({ ...quick, acsUrl: acs.url, count: 1_000, startSpreadMs: 300 })
    let informed = 0
    const all = new Promise<void>((resolve) => {
      fleet.onRecord(({ what }) => {
        if (what === 'informed' && (informed += 1) === 1_000) resolve()
      })
    })
    fleet.start()
    await all
    await fleet.stop()
    expect(fleet.devices.reduce((sum, device) => sum + device.activity(), 0)).toBe(0)
    await acs.hungUp()
    const posts = acs.posts.length
    await aWhile()
    expect(acs.posts).toHaveLength(posts)
  })

  it('stopped in the middle of everything leaves no timer and no socket either', async () => {
    const acs = await anAcs()
    const url = acs.serve('/fw.bin', newImage)
    for (let n = 1; n <= 100; n += 1) acs.ask(`SIM${String(n).padStart(6, '0')}`, downloadCall('key', url))
    const fleet = createFleet({ ...quick, acsUrl: acs.url, count: 100, startSpreadMs: 60, periodicInformMs: 40 })
    fleet.start()
    await aWhile(60)
    await fleet.stop(20)
    expect(fleet.devices.reduce((sum, device) => sum + device.activity(), 0)).toBe(0)
    await acs.hungUp()
  })

  it('of the same seed has the same record, device by device', async () => {
    const ordered: Faults[] = [{}, { refusesImage: true }, { losesSettingsByReset: true }, { fallsBackSeen: true }]
    const run = async (): Promise<unknown[]> => {
      const acs = await anAcs()
      const url = acs.serve('/fw.bin', newImage)
      const fleet = createFleet({ ...quick, acsUrl: acs.url, count: 40, faults: (index) => ordered[index % 4] ?? {} })
      for (const { serialNumber } of fleet.credentials()) acs.ask(serialNumber, downloadCall('key', url))
      const lines: RecordLine[] = []
      fleet.onRecord((line) => lines.push(line))
      fleet.start()
      while (fleet.states().some((state) => BEFORE_ITS_END.has(state.outcomeAsDeviceSeesIt))) await aWhile(20)
      for (let before = -1; before !== lines.length; await aWhile(400)) before = lines.length
      await fleet.stop()
      return fleet
        .credentials()
        .map(({ serialNumber }) =>
          lines.flatMap((line) =>
            line.serial === serialNumber ? [{ ...line, at: '', ...('urlHost' in line && { urlHost: '' }) }] : [],
          ),
        )
    }
    const first = await run()
    expect(first.every((lines) => Array.isArray(lines) && lines.length >= 6)).toBe(true)
    expect(await run()).toEqual(first)
  })

  it('of the same seed has the same passwords, and of another seed has others', () => {
    const credentials = (seed: number): unknown[] =>
      createFleet({ acsUrl: 'http://127.0.0.1:9/', count: 5, seed }).credentials()
    expect(credentials(1)).toEqual(credentials(1))
    expect(credentials(1)).not.toEqual(credentials(2))
    expect(credentials(1)[0]).toMatchObject({
      oui: '02A1B2',
      serialNumber: 'SIM000001',
      username: '02A1B2-SimGateway-SIM000001',
    })
  })

  it('writes its record as JSON lines, without credentials', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-'))
    const acs = await anAcs()
    const record = join(folder, 'fleet.jsonl')
    const url = acs.serve('/fw.bin', newImage, { login: 'dl:very-secret' })
    const fleet = createFleet({ ...quick, acsUrl: acs.url, count: 3, record })
    for (const { serialNumber } of fleet.credentials()) {
      acs.ask(serialNumber, downloadCall('key', url, { login: 'dl:very-secret' }))
    }
    let answered = 0
    fleet.onRecord(({ what }) => {
      if (what === 'transfer_complete_answered') answered += 1
    })
    fleet.start()
    while (answered < 3) await aWhile(10)
    await fleet.stop()
    const text = readFileSync(record, 'utf8')
    rmSync(folder, { recursive: true })
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RecordLine)
    expect(new Set(lines.map(({ deviceName }) => deviceName)).size).toBe(3)
    expect(lines.some(({ what }) => what === 'transfer_complete_answered')).toBe(true)
    expect(text).not.toContain('very-secret')
    for (const { password } of fleet.credentials()) expect(text).not.toContain(password)
  })
})
