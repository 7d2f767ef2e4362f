import { readFileSync } from 'node:fs'
import { execSync } from 'node:child_process'
import { applyTopology, connectNats } from '@sluice/bus'
import {
  campaignCreate,
  campaignGet,
  artifactGet,
  deviceList,
  answered,
  deviceKeyOf,
  deviceNameOf,
} from '@sluice/contracts'
import { createLog, systemClock } from '@sluice/runtime'
import { connectPostgres } from '@sluice/sql'
import { freePort, startNats, startPostgres, startProcess } from '@sluice/testbed'

const N = Number(process.argv[2] ?? 100_000)
const nats = await startNats()
const pg = await startPostgres({ fsync: 'on', full_page_writes: 'on', shared_buffers: '512MB', max_wal_size: '8GB' })
await applyTopology(nats.url, { maxBytes: 1024 ** 3 })
const log = createLog({ service: 'bench', level: 'silent' })
const admin = await freePort()
const sched = await startProcess({
  entry: 'services/campaign-scheduler/src/main.ts',
  env: {
    SLUICE_NATS_URL: nats.url,
    SLUICE_POSTGRES_URL: pg.url,
    SLUICE_ADMIN_PORT: String(admin),
    SLUICE_LOG_LEVEL: 'warn',
    NODE_OPTIONS: process.env['SCHED_OPTIONS'] ?? '', TMPDIR: '/tmp',
  },
  readyWhen: `http://127.0.0.1:${admin}/readyz`,
  deadlineMs: 60_000,
})
const bus = async (service: string) => connectNats({ servers: nats.url, service, clock: systemClock, log })
const registry = await bus('device-registry')
const resolver = await bus('artifact-resolver')
const api = await bus('operator-api')
const keys = Array.from({ length: N }, (_, i) =>
  deviceKeyOf({ oui: '001122', productClass: 'Router', serialNumber: 'S' + i }),
).sort()
const device = (deviceKey: string, i: number) => ({
  oui: '001122',
  productClass: 'Router',
  serialNumber: 'S' + i,
  deviceKey,
  name: `001122-Router-S${i}`,
  manufacturer: 'Acme',
  hardwareVersion: 'A1',
  softwareVersion: '1.0.0',
  lastInformAt: '2026-01-01T00:00:00.000Z',
  firstSeenAt: '2026-01-01T00:00:00.000Z',
  lastEvents: [{ code: '2 PERIODIC', commandKey: '' }],
  tags: ['residential'],
  site: 'olt-' + (i % 500),
  region: 'north',
  accessNode: 'olt-' + (i % 500),
  zone: 'Europe/Madrid',
  changedAt: '2026-01-01T00:00:00.000Z',
  username: 'u' + i,
  dataModelRoot: 'Device.',
  cwmpVersion: '1.2',
  wakeableBy: ['http'],
  gatewayName: null,
  proxied: null,
  lastWakeUpAt: null,
  leniencies: [],
  profile: 'default-device',
  logsBodies: false,
})
const index = (cursor: string) => {
  let lo = 0,
    hi = N
  while (lo < hi) {
    const m = (lo + hi) >> 1
    if (keys[m]! <= cursor) lo = m + 1
    else hi = m
  }
  return lo
}
await registry.serve(deviceList, async (batch) =>
  batch.map(({ input }) => {
    const from = input.cursor === undefined ? 0 : index(input.cursor)
    const items = keys.slice(from, from + input.limit).map((k, j) => device(k, from + j))
    return answered({ items, next: from + items.length < N ? items.at(-1)!.deviceKey : null }) as never
  }),
)
await resolver.serve(artifactGet, async (batch) =>
  batch.map(
    ({ input }) =>
      answered({
        artifactId: input.artifactId,
        name: 'fw',
        fits: [{ oui: '001122', productClass: 'Router' }],
        version: '2.0.0',
        softwareVersions: ['2.0.0'],
        format: 'raw',
        status: 'trusted',
        size: 1e6,
        sha256: 'a'.repeat(64),
        hosting: 'file_server',
        sourceUrl: null,
        verdict: null,
        createdAt: '2026-01-01T00:00:00.000Z',
        createdBy: 'operator:x',
      }) as never,
  ),
)
const cpu = (pid: number) => {
  try {
    const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(f[11]) + Number(f[12])) / 100
  } catch {
    return 0
  }
}
const cpuAll = (pid: number) => {
  try {
    const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(f[11]) + Number(f[12]) + Number(f[13]) + Number(f[14])) / 100
  } catch {
    return 0
  }
}
const rss = (pid: number) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
const pgPids = () =>
  execSync(`pgrep -f "postgres.*${new URL(pg.url).port}"`)
    .toString()
    .trim()
    .split('\n')
    .map(Number)
let postmaster = 0
for (const p of execSync('pgrep -x postgres').toString().trim().split('\n').map(Number)) {
  const c = readFileSync(`/proc/${p}/cmdline`, 'utf8')
  if (c.includes(new URL(pg.url).port)) postmaster = p
}
const pgCpu = () =>
  [postmaster, ...execSync(`pgrep -P ${postmaster}`).toString().trim().split('\n').map(Number)].reduce(
    (s, p) => s + cpu(p),
    0,
  ) + 0
await new Promise((r) => setTimeout(r, 3000))
void pgPids
void cpuAll
for (let round = 0; round < Number(process.argv[3] ?? 1); round++) {
  const t0 = performance.now()
  const c0 = cpu(sched.pid)
  const p0 = pgCpu()
  const draft = { name: 'x', artifactId: 'art_01ARZ3NDEKTSV4RRFFQ69G5FAV', targets: {} }
  const r = await api.request(campaignCreate, { draft, actor: 'operator:x' }, { deadlineMs: 30_000 })
  if (!r.ok) throw new Error(JSON.stringify(r))
  let c = r.data
  while (c.state === 'planning') {
    await new Promise((q) => setTimeout(q, 250))
    const g = await api.request(campaignGet, { campaignId: c.campaignId })
    if (g.ok) c = g.data
  }
  const s = (performance.now() - t0) / 1000
  console.log({
    N,
    seconds: s.toFixed(1),
    perSecond: Math.round(N / s),
    schedulerCpu: (cpu(sched.pid) - c0).toFixed(1),
    pgCpu: (pgCpu() - p0).toFixed(1),
    rssMB: Math.round(rss(sched.pid)),
    waves: c.waves.map((w) => w.size),
    counters: c.counters.pending,
  })
}
const sql = await connectPostgres({ url: pg.url, statementTimeoutMs: 60000 })
console.log(
  await sql.query(
    `select relname, pg_size_pretty(pg_relation_size(oid)) from pg_class where relnamespace='scheduler'::regnamespace and relname like 'upgrades%' order by pg_relation_size(oid) desc`,
  ),
)
console.log(execSync('uptime').toString())
await sql.close()
await api.close()
await registry.close()
await resolver.close()
await sched.stop()
await pg.stop()
await nats.stop()
process.exit(0)
