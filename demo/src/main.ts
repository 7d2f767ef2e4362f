import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@sluice/client'
import { hurtOf, tableOf } from '@sluice/cli'
import type { Campaign } from '@sluice/contracts'
import type { RecordLine } from '@sluice/device-simulator'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { startStandalone } from '@sluice/standalone'
import type { Reported } from '@sluice/testbed'
import type { Act } from './acts.ts'
import { type Comparison, OUTCOMES, compare } from './compare.ts'
import { createDemoFleet } from './fleet.ts'
import { judge } from './judge.ts'
import { readOptions } from './options.ts'
import { type Played, allUpgrades, playAct, untilAllHaveCalled } from './play-act.ts'
import { trustVendor } from './release-image.ts'
import { tellStory } from './story.ts'
import { createView } from './view.ts'

/** What routers told last is counted by then. */
const QUIET_MS = 1_000

interface Performed extends Played {
  readonly act: Act
  readonly comparison: Comparison
}

const { acts, devices, keep } = readOptions(process.argv.slice(2))
const view = createView(process.stdout)
const releases = acts.length === 1 ? 'a release' : 'two releases, one of them bad,'
view.say(`Sluice: ${releases} for ${devices} simulated routers`)

const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'))
const [stateDirectory, recordFile] = [join(folder, 'state'), join(folder, 'record.jsonl')]
const log = createLog({ service: 'demo', level: 'error' })
const system = await startStandalone(
  { clock: systemClock, ids: createIds(), log },
  {
    stateDirectory,
    host: '127.0.0.1',
    publicHost: '127.0.0.1',
    cwmpPort: 0,
    http: {},
    filesPort: 0,
    apiHost: '127.0.0.1',
    apiPort: 0,
    labNetworks: '',
    requireRelease: true,
    registry: {},
    stunPort: null,
    notificationsPort: null,
  },
)
const client = createClient({ url: system.apiUrl, token: system.operatorToken })
const record: RecordLine[] = []
const fleet = createDemoFleet(devices, system.acsUrl, recordFile)
fleet.onRecord((line) => record.push(line))

const credentials = fleet.credentials()
for (let from = 0; from < credentials.length; from += 1_000) {
  await client.call('importDevices', { body: { items: credentials.slice(from, from + 1_000) } })
}
await trustVendor(client)
fleet.start()
view.say(`  one process with its embedded parts; ${devices} routers speak CWMP to ${system.acsUrl}`)
await untilAllHaveCalled(client, devices)

const performed: Performed[] = []
for (const act of acts) {
  const played = await playAct(client, act, view, devices)
  performed.push({ ...played, act, comparison: compare(played.upgrades, fleet.states()) })
}

view.say('')
for (const line of outcomeTable()) view.say(line)
view.say('')
const one = performed[0]!.upgrades.find((upgrade) => upgrade.wave === 1 && upgrade.state === 'verified')
if (one !== undefined) {
  for (const line of await tellStory(client, one, record)) view.say(line)
  view.say('')
}

const problems = performed.flatMap(({ act, campaign, comparison }) => [
  ...comparison.differences,
  ...(campaign.state === act.endsAs && reachedWave(campaign) === act.endsInWave
    ? []
    : [`${act.title} ended as ${campaign.state} in wave ${reachedWave(campaign)}: ${campaign.stateReason}`]),
])
for (const problem of problems) view.say(`NOT AS RECORDED  ${problem}`)

if (keep) {
  view.say(`REST      ${system.apiUrl}/v1/campaigns`)
  view.say(`OpenAPI   ${system.apiUrl}/v1/openapi.json`)
  view.say(`CWMP      ${system.acsUrl}`)
  view.say(
    `sluice    SLUICE_URL=${system.apiUrl} SLUICE_TOKEN=${system.operatorToken} npx -y pnpm@12 sluice campaigns list`,
  )
  view.say(lastLine(performed.at(-1)!))
  view.say('Ctrl-C ends it.')
  await new Promise((resolve) => process.once('SIGINT', resolve))
} else {
  view.say(lastLine(performed.at(-1)!))
}
await fleet.stop(1_000)
// Whoever kept it running did with it what they liked.
const reported = keep ? undefined : await whatIsReported()
await system.stop()
const notKept = reported === undefined ? [] : await judge(stateDirectory, recordFile, reported, devices)
for (const line of notKept) view.say(`NOT KEPT  ${line}`)
rmSync(folder, { recursive: true, force: true })
process.exit(problems.length + notKept.length === 0 ? 0 : 1)

/** What the system says at the end of what the acts have left, when no router can change it any more. */
async function whatIsReported(): Promise<Reported> {
  await sleep(QUIET_MS)
  const { items: campaigns } = await client.call('listCampaigns', { query: { limit: 100 } })
  const { items: artifacts } = await client.call('listArtifacts', { query: { limit: 100 } })
  const upgrades = await Promise.all(campaigns.map(({ campaignId }) => allUpgrades(client, campaignId)))
  return { campaigns, upgrades: upgrades.flat(), artifacts }
}

function outcomeTable(): string[] {
  const rows = [...OUTCOMES, 'other' as const]
    .map((name) => [
      name,
      ...performed.flatMap(({ comparison }) => [comparison.believed[name], comparison.recorded[name]]),
    ])
    .filter(([name, ...counts]) => name !== 'other' || counts.some((count) => count !== 0))
  return tableOf(['OUTCOME', ...acts.flatMap((act) => [act.version, 'as the routers recorded it'])], rows)
}

function lastLine({ campaign }: Played): string {
  const hurt = hurtOf(campaign.counters)
  const where = campaign.state === 'paused' ? `stopped in wave ${reachedWave(campaign)}` : campaign.state
  return `${where}: ${hurt} routers hurt, ${campaign.size - hurt} spared`
}

function reachedWave({ waves }: Campaign): number {
  return waves.findLast(({ openedAt }) => openedAt !== null)?.wave ?? 0
}
