import type { JournalEntry, Queryable } from '@sluice/sql'
import { upgradeTraceparent } from '@sluice/contracts'
import { OURSELVES, type Parts } from '../parts.ts'
import { type Signal, insertSignals } from '../store/signals.ts'
import type { Move } from './move.ts'

/** A model, as signals about it name it. */
export const modelName = (model: { readonly oui: string; readonly productClass: string }): string =>
  `${model.oui}-${model.productClass}`

/** Keeps what the machine said of more than this one device: blocked models, suspect images, alarms. */
export async function noteSignals(parts: Parts, tx: Queryable, moves: readonly Move[], at: number): Promise<void> {
  const signals: Signal[] = []
  const alarms: JournalEntry[] = []
  for (const { after, effects } of moves) {
    const { campaignId, deviceKey, upgradeId } = after
    for (const effect of effects) {
      if (effect.kind === 'block_model') {
        const { kind, afterDevices } = effect
        signals.push({ campaignId, kind, subject: modelName(after), deviceKey, afterDevices, at })
      }
      if (effect.kind === 'suspect_image') {
        const { kind, afterDevices, faultCode } = effect
        signals.push({ campaignId, kind, subject: String(faultCode), deviceKey, afterDevices, at })
      }
      if (effect.kind !== 'alarm') continue
      if (effect.aboveShareOfWave !== null) {
        const subject = `${effect.code}/${after.wave}`
        // How many make the share is asked when the gate is looked at: a wave's size is not at hand here.
        signals.push({ campaignId, kind: 'alarm_share', subject, deviceKey, afterDevices: 1, at })
        continue
      }
      parts.log.error({ campaign_id: campaignId, upgrade_id: upgradeId, code: effect.code }, 'upgrade.alarm.raised')
      alarms.push({
        direction: 'note',
        at,
        actor: OURSELVES,
        kind: 'alarm.raised',
        campaignId,
        upgradeId,
        deviceKey,
        traceparent: upgradeTraceparent(upgradeId),
        data: { code: effect.code },
      })
    }
  }
  await insertSignals(tx, signals)
  await parts.journal.append(tx, alarms)
}
