import { type ReleaseStatement, releaseAdded, releaseRevoked } from '@sluice/contracts'
import { createIds } from '@sluice/runtime'
import { waitUntil } from '@sluice/testbed'
import { ACTOR, CLASS, NEW, OUI, type World } from './world.ts'

const ids = createIds()
let count = 0

export const releaseId = (n: number): string => `rel_${n.toString(16).padStart(32, '0')}`

/** Of the world's artifact, unless told. */
export function someStatement(world: World, more: Partial<ReleaseStatement> = {}): ReleaseStatement {
  const { sha256, size } = world.artifact
  return {
    schemaVersion: 1,
    vendor: 'Acme',
    product: 'acme/router',
    version: NEW,
    softwareVersions: [NEW],
    counter: 5,
    models: [{ oui: OUI, productClass: CLASS }],
    image: { size: size!, sha256: sha256! },
    expires: new Date(world.clock.now() + 30 * 86_400_000).toISOString(),
    allowDowngrade: false,
    ...more,
  }
}

/** As the verifier tells of one, and until the scheduler knows of it. */
export async function release(world: World, more: Partial<ReleaseStatement> = {}): Promise<string> {
  const id = releaseId((count += 1))
  await tellRelease(world, id, someStatement(world, more))
  await waitUntil(async () => (await found(world, 'releases', id)) > 0)
  return id
}

export async function tellRelease(world: World, id: string, statement: ReleaseStatement): Promise<void> {
  const data = { releaseId: id, statement, keyIds: ['0123456789abcdef'], actor: ACTOR }
  await world.bus.publish(releaseAdded, [{ id: ids.event(), key: id, data }])
}

export async function revokeRelease(world: World, id: string): Promise<void> {
  await tellRevocation(world, id)
  await waitUntil(() => isRevoked(world, id))
}

export async function tellRevocation(world: World, id: string): Promise<void> {
  const data = { releaseId: id, reason: 'key stolen', actor: ACTOR }
  await world.bus.publish(releaseRevoked, [{ id: ids.event(), key: id, data }])
}

/** Whether the scheduler has done what a revocation asks for. */
export async function isRevoked(world: World, id: string): Promise<boolean> {
  return (await found(world, 'revoked_releases', id)) > 0
}

async function found({ sql }: World, table: string, id: string): Promise<number> {
  return (await sql.query(`select 1 from scheduler.${table} where release_id = $1`, [id])).length
}
