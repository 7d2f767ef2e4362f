import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSpanCollector, plainFileServer, type SpanCollector, waitUntil } from '@sluice/testbed'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bringInFirmware, trustVendor, vendorImage } from './bring-in-firmware.ts'
import { judgeHistory } from './judge-history.ts'
import { type Order, orders } from './ordered-faults.ts'
import { quickPolicy, startCampaign, upgradesOf, waitForState } from './run-campaign.ts'
import { type RunningFleet, runFleet } from './run-fleet.ts'
import type { System } from './system.ts'
import { unexpectedOutcomes } from './unexpected-outcomes.ts'

/** The use case "upgrade the firmware of a fleet", steps 1 to 10 with 6.a, 8.a and 10.a, on any topology. */
export function useCaseSuite(start: (tracesTo: string) => Promise<System>): void {
  let system: System
  let spans: SpanCollector
  const fleets: RunningFleet[] = []
  beforeAll(async () => {
    spans = await createSpanCollector()
    system = await start(spans.url)
    await trustVendor(system)
  }, 180_000)
  afterAll(async () => {
    for (const fleet of fleets) await fleet.remove()
    await system?.remove()
    await spans?.close()
  })
  const run = async (prefix: string, count: number, ordered: readonly Order[]) => {
    const fleet = await runFleet(system, { serialPrefix: prefix, count, faults: ordered.map(({ faults }) => faults) })
    fleets.push(fleet)
    return fleet
  }

  test('every device of a fleet ends where its behaviour leads', async () => {
    const fleet = await run('SIM', 40, orders)
    const artifact = await bringInFirmware(system, { version: '2.0.0' })
    expect(artifact).toMatchObject({ status: 'trusted' })
    const { campaignId } = await startCampaign(system, artifact.artifactId, quickPolicy, fleet.names)
    const campaign = await waitForState(system, campaignId, ['finished', 'paused', 'aborted'])
    expect(await unexpectedOutcomes(system, campaignId, fleet, orders)).toEqual([])
    expect(campaign).toMatchObject({ state: 'finished', size: 40 })
    await fleet.stop()
  }, 180_000)

  test('an image on a plain HTTP server of the operator is fetched from there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sluice-operator-'))
    writeFileSync(join(directory, 'router.bin'), vendorImage({ version: '2.1.0' }).image)
    const server = await plainFileServer(directory)
    const ordered: Order[] = [
      { faults: { refusesImage: true }, outcomes: ['failed image_rejected'] },
      { faults: { fallsBackUnseen: true }, outcomes: ['rolled_back'] },
      { faults: { losesSettingsSilently: true }, outcomes: ['verified_config_lost'] },
    ]
    const fleet = await run('OPR', 8, ordered)
    const draft = { sourceUrl: `${server.url}/router.bin`, hosting: 'origin' } as const
    const artifact = await bringInFirmware(system, { version: '2.1.0', draft })
    expect(artifact).toMatchObject({ status: 'trusted', hosting: 'origin' })
    const { campaignId } = await startCampaign(system, artifact.artifactId, quickPolicy, fleet.names)
    expect(await waitForState(system, campaignId, ['finished', 'paused'])).toMatchObject({ state: 'finished' })
    expect(await unexpectedOutcomes(system, campaignId, fleet, ordered)).toEqual([])
    const hosts = fleet.lines().flatMap((line) => (line.what === 'download_received' ? [line.urlHost] : []))
    expect(new Set(hosts)).toEqual(new Set([`127.0.0.1:${server.port}`]))
    await fleet.stop()
    await server.close()
    rmSync(directory, { recursive: true })
  }, 180_000)

  test('one trace tells an upgrade from the claim to the outcome, across the reboot', async () => {
    const fleet = await run('TRC', 1, [])
    const artifact = await bringInFirmware(system, { version: '2.2.0' })
    const { campaignId } = await startCampaign(system, artifact.artifactId, quickPolicy, fleet.names)
    await waitForState(system, campaignId, ['finished'])
    const [upgrade] = await upgradesOf(system, campaignId)
    const told = () =>
      spans
        .spans()
        .filter(({ traceId }) => traceId === upgrade!.traceId)
        .map(({ service, name }) => `${system.topology === 'embedded' ? 'any' : service}: ${name}`)
    const by = (service: string, ...names: string[]) =>
      names.map((name) => `${system.topology === 'embedded' ? 'any' : service}: ${name}`)
    const expected = [
      ...by('cwmp-gateway', 'cwmp GetParameterValuesResponse', 'request upgrade.claim', 'cwmp DownloadResponse'),
      ...by('campaign-scheduler', 'claim', 'fact claim_committed', 'fact download_answered'),
      ...by('artifact-resolver', 'answer artifact.resolve'),
      ...by('file-server', 'serve image'),
      // After the reboot.
      ...by('cwmp-gateway', 'cwmp Inform', 'cwmp TransferComplete', 'cwmp ScheduleInformResponse'),
      ...by('campaign-scheduler', 'fact transfer_completed', 'fact snapshot_read', 'outcome'),
    ]
    // Spans are sent every few seconds.
    await waitUntil(() => expected.every((one) => told().includes(one)), {
      everyMs: 200,
      deadlineMs: 15_000,
      describe: () => `the trace lacks ${expected.filter((one) => !told().includes(one)).join(', ')}`,
    })
    await fleet.stop()
  }, 180_000)

  test('journals, API and the devices’ own records agree, and every guarantee was kept', async () => {
    expect(await judgeHistory(system, fleets)).toEqual([])
  }, 180_000)
}
