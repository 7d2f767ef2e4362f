import { deviceCredential, deviceGet } from '@sluice/contracts'
import { createJournal, migrate } from '@sluice/sql'
import { describe, expect, test } from 'vitest'
import { createSeal } from '../credentials/seal.ts'
import { KINDS, identity, startStand } from '../testing/stand.ts'
import { migrations } from './migrations.ts'

describe.each(KINDS)('on %s', (kind) => {
  test('devices of the first version keep their credentials', async () => {
    const { deviceKey } = identity('OLD')
    const stand = await startStand(kind, {
      async prepare(sql) {
        const first = [...createJournal('registry').migrations, ...migrations.slice(0, 1)]
        await migrate(sql, { schema: 'registry', migrations: first })
        await sql.query(
          `insert into registry.devices (device_key, name, manufacturer, oui, product_class, serial_number, first_seen_at, username, sealed_password)
           values ($1, 'old', '', '00D09E', 'RG 1', 'OLD', 0, 'keeper', $2)`,
          [deviceKey, createSeal('ab'.repeat(32)).close(deviceKey, 'kept')],
        )
      },
    })
    try {
      expect(await stand.get(deviceGet, { device: deviceKey })).toMatchObject({ username: 'keeper', leniencies: [] })
      expect(await stand.get(deviceCredential, { deviceKey, realm: 'r' })).toMatchObject({
        candidates: [{ role: 'own', username: 'keeper' }],
      })
    } finally {
      await stand.close()
    }
  })
})
