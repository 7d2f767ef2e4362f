/**
 * What the scheduler does after the commit. The watch is derived from the state, see `wantsWatch`, and with it what gateways do
 * of themselves: read settings on the target version, plant a contact at the end of the soak. Counters too: see `classOf`.
 */
export type Effect =
  /** Ask the device which transfers it holds (GetAllQueuedTransfers). */
  | { kind: 'place_check'; attemptId: string }
  /** Hint that this upgrade may be claimed, not before `notBefore` (epoch ms). */
  | { kind: 'place_hint'; notBefore: number }
  | { kind: 'place_cancel'; attemptId: string }
  /** Offer the model nothing more in this campaign, once this many distinct devices said so. */
  | { kind: 'block_model'; reason: string; afterDevices: number }
  /** Tell the model's other devices so from the first, once this many distinct devices have taught it. */
  | { kind: 'learn_model'; lesson: Lesson; afterDevices: number }
  /** Have what it was sent hashed again, and stop the wave once this many distinct devices said so. */
  | { kind: 'suspect_image'; faultCode: number; afterDevices: number }
  /** `aboveShareOfWave`: raise only when more than this share of the wave's devices says so. */
  | { kind: 'alarm'; code: AlarmCode; aboveShareOfWave: number | null }

/** How the devices of a model want to be told, as one of them showed. */
export type Lesson = 'no_schedule_download' | 'takes_usual_arguments' | 'takes_other_arguments'

export type AlarmCode = 'unexpected_version' | 'own_file_server_refused' | 'transfer_credentials_refused' | 'regressed'

/** Why a fact changed nothing. */
export type Ignored =
  | 'no_news'
  | 'not_offered'
  | 'already_offered'
  | 'before_the_offer'
  | 'other_attempt'
  | 'too_late_to_cancel'
  | 'already_settled'
  | 'final'
  | 'not_due'
  | 'not_asked'
