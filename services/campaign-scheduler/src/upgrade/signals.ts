import { type DataOf, artifactSuspected, upgradeTraceparent } from '@sluice/contracts'
import type { Effect, Lesson } from '@sluice/rollout'
import type { JournalEntry, Queryable } from '@sluice/sql'
import { OURSELVES, type Parts } from '../parts.ts'
import { type Signal, insertSignals, trueSignals } from '../store/signals.ts'
import type { CampaignRow } from '../store/campaigns.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { wavesOf } from '../store/waves.ts'
import type { Move } from './move.ts'

/** A model, as signals about it name it. */
export const modelName = (model: { readonly oui: string; readonly productClass: string }): string =>
  `${model.oui}-${model.productClass}`

const LESSONS: ReadonlySet<string> = new Set<Lesson>([
  'no_schedule_download',
  'takes_usual_arguments',
  'takes_other_arguments',
])

/** How a model wants to be told: worth knowing, and nobody's alarm. */
export const isLesson = (kind: string): boolean => LESSONS.has(kind)

/** Keeps what the machine said of more than this one device: blocked models, suspect images, alarms. */
export async function noteSignals(
  parts: Parts,
  tx: Queryable,
  moves: readonly Pick<Move, 'after' | 'effects'>[],
  campaigns: ReadonlyMap<string, CampaignRow>,
  at: number,
): Promise<void> {
  const signals: Signal[] = []
  const alarms: JournalEntry[] = []
  for (const { after, effects } of moves) {
    for (const effect of effects) {
      const signal = await signalOf(tx, after, effect, at)
      if (signal !== undefined) signals.push(signal)
      if (effect.kind === 'alarm' && effect.aboveShareOfWave === null) alarms.push(alarm(after, effect.code, at))
    }
  }
  if (signals.length > 0) alarms.push(...(await raisedBy(tx, signals, at)))
  for (const { kind, campaignId, data } of alarms) {
    if (kind === 'model.learnt') parts.log.info({ campaign_id: campaignId, lesson: data }, kind)
    else parts.log.error({ campaign_id: campaignId, alarm: data }, kind)
  }
  await parts.journal.append(tx, [...alarms, ...suspicionsIn(parts, moves, campaigns, at)])
}

/** Of one device already: what it was sent is hashed again, whether or not others say the same. */
function suspicionsIn(
  parts: Parts,
  moves: readonly Pick<Move, 'after' | 'effects'>[],
  campaigns: ReadonlyMap<string, CampaignRow>,
  at: number,
): JournalEntry[] {
  const said = moves.flatMap(({ after: { campaignId, artifactId }, effects }) =>
    effects.flatMap((effect): DataOf<typeof artifactSuspected>[] => {
      const suspect = artifactId ?? campaigns.get(campaignId)?.artifactId
      if (effect.kind !== 'suspect_image' || suspect === undefined) return []
      return [{ artifactId: suspect, campaignId, faultCode: effect.faultCode }]
    }),
  )
  return [...new Map(said.map((data) => [JSON.stringify(data), data])).values()].map((data) => ({
    direction: 'out',
    id: parts.ids.event(),
    key: data.artifactId,
    kind: artifactSuspected.name,
    at,
    actor: OURSELVES,
    campaignId: data.campaignId,
    data,
  }))
}

async function signalOf(tx: Queryable, row: UpgradeRow, effect: Effect, at: number): Promise<Signal | undefined> {
  const { campaignId, deviceKey } = row
  const about = { campaignId, deviceKey, at }
  if (effect.kind === 'block_model')
    return { ...about, kind: effect.kind, subject: modelName(row), afterDevices: effect.afterDevices }
  if (effect.kind === 'learn_model')
    return { ...about, kind: effect.lesson, subject: modelName(row), afterDevices: effect.afterDevices }
  if (effect.kind === 'suspect_image')
    return { ...about, kind: effect.kind, subject: String(effect.faultCode), afterDevices: effect.afterDevices }
  if (effect.kind !== 'alarm' || effect.aboveShareOfWave === null) return undefined
  const size = (await wavesOf(tx, [campaignId])).find(({ wave }) => wave === row.wave)?.size ?? 0
  const afterDevices = Math.floor(size * effect.aboveShareOfWave) + 1
  return { ...about, kind: 'alarm', subject: `${effect.code} in wave ${row.wave}`, afterDevices }
}

/** Alarms for what these signals made true; for what was true before there was one already. */
async function raisedBy(tx: Queryable, signals: readonly Signal[], at: number): Promise<JournalEntry[]> {
  const campaignIds = [...new Set(signals.map(({ campaignId }) => campaignId))]
  const keyOf = (one: { campaignId: string; kind: string; subject: string }) =>
    `${one.campaignId} ${one.kind} ${one.subject}`
  const before = new Set((await trueSignals(tx, campaignIds)).map(keyOf))
  await insertSignals(tx, signals)
  const raised = (await trueSignals(tx, campaignIds)).filter((one) => !before.has(keyOf(one)))
  return raised.map(({ campaignId, kind, subject, devices }) => ({
    direction: 'note',
    at,
    actor: OURSELVES,
    kind: isLesson(kind) ? 'model.learnt' : 'alarm.raised',
    campaignId,
    data: { code: kind, subject, devices },
  }))
}

function alarm({ campaignId, upgradeId, deviceKey }: UpgradeRow, code: string, at: number): JournalEntry {
  const traceparent = upgradeTraceparent(upgradeId)
  return {
    direction: 'note',
    at,
    actor: OURSELVES,
    kind: 'alarm.raised',
    campaignId,
    upgradeId,
    deviceKey,
    traceparent,
    data: { code },
  }
}
