import type { World } from './world.ts'

/** Whether tallies, upgrades and the fold of the journal say the same. */
export async function books(
  world: World,
  campaignId: string,
): Promise<{ stored: string; counted: string; folded: string }> {
  const text = (rows: readonly { key: string; n: number }[]) =>
    rows
      .filter(({ n }) => n !== 0)
      .map(({ key, n }) => `${key} ${n}`)
      .toSorted()
      .join('\n')
  const key = `wave || ' ' || state || ' ' || counts_as as key`
  const stored = await world.sql.query<{ key: string; n: number }>(
    `select ${key}, n from scheduler.tallies where campaign_id = $1`,
    [campaignId],
  )
  const counted = await world.sql.query<{ key: string; n: number }>(
    `select ${key}, count(*) as n from scheduler.upgrades where campaign_id = $1 and wave > 0 group by 1`,
    [campaignId],
  )
  const journal = await world.sql.query<{ kind: string; data: Record<string, unknown> }>(
    `select kind, data from scheduler.journal where campaign_id = $1 and direction = 'note' order by seq`,
    [campaignId],
  )
  const fold = new Map<string, number>()
  const add = (place: string, n: number) => fold.set(place, (fold.get(place) ?? 0) + n)
  for (const { kind, data } of journal) {
    if (kind === 'campaign.planned') {
      for (const { wave, size } of data['waves'] as { wave: number; size: number }[])
        add(`${wave} pending pending`, size)
    }
    if (kind === 'upgrade.planned') add(`${Number(data['wave'])} pending pending`, 1)
    if (kind === 'history.erased') {
      for (const { wave, state, countsAs, n } of data['moves'] as {
        wave: number
        state: string
        countsAs: string
        n: number
      }[])
        add(`${wave} ${state} ${countsAs}`, n)
    }
    if (kind !== 'upgrade.moved') continue
    const move = data as Record<'from' | 'to' | 'countedAs' | 'countsAs', string> & { wave: number }
    add(`${move.wave} ${move.from} ${move.countedAs}`, -1)
    add(`${move.wave} ${move.to} ${move.countsAs}`, 1)
  }
  return { stored: text(stored), counted: text(counted), folded: text([...fold].map(([k, n]) => ({ key: k, n }))) }
}

export async function history(
  world: World,
  campaignId: string,
  kind: string,
): Promise<{ actor: string; data: never }[]> {
  return world.sql.query(
    `select actor, data from scheduler.journal where campaign_id = $1 and kind = $2 order by seq`,
    [campaignId, kind],
  )
}

export async function orphanReasons(world: World): Promise<string[]> {
  const rows = await world.sql.query<{ data: { reason: string } }>(
    `select data from scheduler.journal where kind = 'observation.orphaned' order by seq`,
  )
  return rows.map(({ data }) => data.reason)
}
