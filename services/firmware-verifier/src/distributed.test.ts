import { generateKeyPairSync } from 'node:crypto'
import { applyTopology, connectNats, type Bus } from '@sluice/bus'
import { trustKeyAdd, trustKeyRevoke } from '@sluice/contracts'
import { readPublicKey } from '@sluice/firmware'
import { createLog, systemClock } from '@sluice/runtime'
import { connectPostgres, type Sql } from '@sluice/sql'
import { freshDatabase, freshNamespace, waitUntil } from '@sluice/testbed'
import { expect, inject, it } from 'vitest'
import { firmwareVerifierSuite } from './firmware-verifier.suite.ts'
import { releasesSuite } from './releases/releases.suite.ts'
import { holdKeys, insertKey } from './store/trust-keys.ts'
import { saveVerdict } from './store/verdicts.ts'
import { aKeyRow } from './testing/a-key-row.ts'
import { FITS, IMAGE, ids, openWorld, pemOf, sha256Of } from './testing/world.ts'

const log = createLog({ service: 'test', level: 'silent' })
const SERVICES = ['firmware-verifier', 'artifact-resolver', 'campaign-scheduler', 'operator-api']

const open = async () => {
  const servers = inject('natsUrl')
  const namespace = freshNamespace()
  await applyTopology(servers, { namespace, maxBytes: 8 * 1024 ** 2 })
  const sql = await connectPostgres({ url: await freshDatabase(inject('postgresUrl')) })
  const buses = new Map<string, Bus>()
  for (const service of SERVICES) {
    buses.set(service, await connectNats({ servers, service, namespace, clock: systemClock, log }))
  }
  const close = async () => {
    await Promise.all([...buses.values()].map((bus) => bus.close()))
    await sql.close()
  }
  return { sql, as: (service: string) => buses.get(service)!, close }
}

const somebodyWaits = (sql: Sql) => {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return waitUntil(async () => (await sql.query(waiting)).length > 0, { describe: () => 'nobody waits' })
}

firmwareVerifierSuite('firmware-verifier on NATS and PostgreSQL', open)
releasesSuite('releases on NATS and PostgreSQL', open)

it('a verdict and a revocation do not pass each other: what is judged meanwhile falls with the key as well', async () => {
  const hub = await open()
  const { addedKey, operator, revoked, stop } = await openWorld(hub)
  const { keyId } = await addedKey()
  const artifactId = ids.artifact()
  const { promise: isTime, resolve: commit } = Promise.withResolvers<void>()
  const judging = hub.sql.transaction(async (tx) => {
    await holdKeys(tx)
    await saveVerdict(tx, {
      artifact_id: artifactId,
      sha256: sha256Of(IMAGE),
      fits: FITS,
      verdict: { trusted: true, reasons: [], checks: [], at: new Date().toISOString() },
      vouchers: [{ keyId, through: [] }],
      required_keys: 1,
      judged_at: Date.now(),
    })
    await isTime
  })
  const revoking = operator().request(trustKeyRevoke, { keyId, reason: 'lost', actor: 'operator:eve' })
  try {
    await somebodyWaits(hub.sql)
  } finally {
    commit()
    await Promise.all([judging, revoking])
  }
  await waitUntil(() => revoked.some((event) => event.artifactId === artifactId))
  await stop()
  await hub.close()
})

it('of two who add the first key at once, when there is none yet to hold, one adds it and the other is told', async () => {
  const hub = await open()
  const { operator, stop } = await openWorld(hub)
  const publicKeyPem = pemOf(generateKeyPairSync('ed25519').publicKey)
  const read = readPublicKey(publicKeyPem)
  if (read.kind === 'refused') throw new Error(read.detail)
  const { promise: isWritten, resolve: written } = Promise.withResolvers<void>()
  const { promise: isTime, resolve: commit } = Promise.withResolvers<void>()
  const elsewhere = hub.sql.transaction(async (tx) => {
    await insertKey(tx, aKeyRow({ key_id: read.publicKey.keyId, public_key_pem: publicKeyPem }))
    written()
    await isTime
  })
  await isWritten
  const adding = operator().request(trustKeyAdd, { name: 'vendor', publicKeyPem, actor: 'operator:eve' })
  try {
    await somebodyWaits(hub.sql)
  } finally {
    commit()
    await Promise.all([elsewhere, adding])
  }
  expect(await adding).toMatchObject({ error: { code: 'conflict' } })
  expect(await hub.sql.query(`select 1 from verifier.journal where kind = 'trust_key.added'`)).toEqual([])
  await stop()
  await hub.close()
})
