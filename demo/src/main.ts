import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createClient } from '@sluice/client'
import { hurtOf, tableOf } from '@sluice/cli'
import type { RecordLine } from '@sluice/device-simulator'
import { createIds, createLog, systemClock } from '@sluice/runtime'
import { startStandalone } from '@sluice/standalone'
import { ACTS } from './acts.ts'
import { type Comparison, OUTCOMES, compare } from './compare.ts'
import { FLEET_SIZE, createDemoFleet } from './fleet.ts'
import { type Played, playAct } from './play-act.ts'
import { trustVendor } from './release-image.ts'
import { tellStory } from './story.ts'
import { createView } from './view.ts'

const view = createView(process.stdout)
view.say(`Sluice: two releases for ${FLEET_SIZE} simulated routers, one of them bad`)

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })
const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'))
const log = createLog({ service: 'demo', level: 'error' })
const system = await startStandalone(
  { clock: systemClock, ids: createIds(), log },
  {
    stateDirectory: join(folder, 'state'),
    host: '127.0.0.1',
    publicHost: '127.0.0.1',
    cwmpPort: 0,
    http: {},
    filesPort: 0,
    apiHost: '127.0.0.1',
    apiPort: 0,
    labNetworks: '',
    registry: {},
    stunPort: null,
    notificationsPort: null,
  },
)
const client = createClient({ url: system.apiUrl, token: system.operatorToken })
const record: RecordLine[] = []
const fleet = createDemoFleet(system.acsUrl, join(folder, 'record.jsonl'))
fleet.onRecord((line) => record.push(line))

await client.call('importDevices', { body: { items: fleet.credentials() } })
await trustVendor(client)
fleet.start()
view.say(`  one process with its embedded parts; ${FLEET_SIZE} routers speak CWMP to ${system.acsUrl}`)

const good = await playAct(client, ACTS[0], view)
const goodComparison = compare(good.upgrades, fleet.states())
const bad = await playAct(client, ACTS[1], view)
const badComparison = compare(bad.upgrades, fleet.states())

view.say('')
for (const line of outcomeTable(goodComparison, badComparison)) view.say(line)
view.say('')
const one = good.upgrades.find((upgrade) => upgrade.wave === 1 && upgrade.state === 'verified') ?? good.upgrades[0]!
for (const line of await tellStory(client, one, record)) view.say(line)
view.say('')

const problems = [
  ...goodComparison.differences,
  ...badComparison.differences,
  ...(good.campaign.state === 'finished'
    ? []
    : [`the good release ended as ${good.campaign.state}: ${good.campaign.stateReason}`]),
  ...(bad.campaign.state === 'paused' ? [] : [`the bad release ended as ${bad.campaign.state}`]),
]
for (const problem of problems) view.say(`NOT AS RECORDED  ${problem}`)

if (values.keep) {
  view.say(`REST      ${system.apiUrl}/v1/campaigns`)
  view.say(`OpenAPI   ${system.apiUrl}/v1/openapi.json`)
  view.say(`CWMP      ${system.acsUrl}`)
  view.say(
    `sluice    SLUICE_URL=${system.apiUrl} SLUICE_TOKEN=${system.operatorToken} npx -y pnpm@12 sluice campaigns list`,
  )
  view.say(lastLine(bad))
  view.say('Ctrl-C ends it.')
  await new Promise((resolve) => process.once('SIGINT', resolve))
} else {
  view.say(lastLine(bad))
}
await fleet.stop(1_000)
await system.stop()
rmSync(folder, { recursive: true, force: true })
process.exit(problems.length === 0 ? 0 : 1)

function outcomeTable(first: Comparison, second: Comparison): string[] {
  const rows = [...OUTCOMES, 'other' as const]
    .map((name) => [name, first.believed[name], first.recorded[name], second.believed[name], second.recorded[name]])
    .filter(([name, ...counts]) => name !== 'other' || counts.some((count) => count !== 0))
  return tableOf(
    ['OUTCOME', ...ACTS.flatMap((act) => [act.version, 'as the routers recorded it'])],
    rows as (string | number)[][],
  )
}

function lastLine({ campaign }: Played): string {
  const reached = campaign.waves.findLast((wave) => wave.openedAt !== null)
  const hurt = hurtOf(campaign.counters)
  const where = campaign.state === 'paused' ? `stopped in wave ${reached?.wave}` : campaign.state
  return `${where}: ${hurt} routers hurt, ${campaign.size - hurt} spared`
}
