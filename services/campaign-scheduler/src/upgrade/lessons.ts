import type { Lesson } from '@sluice/rollout'
import type { Queryable } from '@sluice/sql'
import { trueSignals } from '../store/signals.ts'
import type { UpgradeRow } from '../store/upgrades.ts'
import { isLesson, modelName } from './signals.ts'

/** What devices of a campaign have shown of their models, by who said it and how many they were. */
export interface WordOfDevices {
  readonly blockedModels: ReadonlySet<string>
  readonly lessons: ReadonlyMap<string, number>
}

export async function readWordOfDevices(db: Queryable, campaignIds: readonly string[]): Promise<WordOfDevices> {
  const signals = await trueSignals(db, campaignIds)
  const blocked = signals.filter(({ kind }) => kind === 'block_model')
  const lessons = signals.filter(({ kind }) => isLesson(kind))
  return {
    blockedModels: new Set(blocked.map(({ campaignId, subject }) => `${campaignId} ${subject}`)),
    lessons: new Map(
      lessons.map(({ campaignId, kind, subject, devices }) => [`${kind} ${campaignId} ${subject}`, devices]),
    ),
  }
}

type Model = Pick<UpgradeRow, 'campaignId' | 'oui' | 'productClass'>

const taughtBy = ({ lessons }: WordOfDevices, row: Model, lesson: Lesson): number =>
  lessons.get(`${lesson} ${row.campaignId} ${modelName(row)}`) ?? 0

export const isBlocked = ({ blockedModels }: WordOfDevices, row: Model): boolean =>
  blockedModels.has(`${row.campaignId} ${modelName(row)}`)

/** A device of this model refused ScheduleDownload. */
export const schedulesNot = (word: WordOfDevices, row: Model): boolean =>
  taughtBy(word, row, 'no_schedule_download') > 0

/** Which arguments of Download more devices of the model took, after they had refused the other ones; undefined: nothing is known. */
export function argumentsTaken(word: WordOfDevices, row: Model): 'usual' | 'other' | undefined {
  const other = taughtBy(word, row, 'takes_other_arguments')
  const usual = taughtBy(word, row, 'takes_usual_arguments')
  if (other === 0 && usual === 0) return undefined
  return other > usual ? 'other' : 'usual'
}
