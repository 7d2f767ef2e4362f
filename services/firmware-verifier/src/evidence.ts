import type { Evidence, SettingsEffect } from '@sluice/contracts'
import type { Findings, ImageFacts, Voucher } from '@sluice/firmware'
import { certificateIn } from './keys/certificate.ts'
import type { TrustKeyRow } from './store/trust-keys.ts'

/** How much of what an image says is told: a verdict travels on the bus. */
export interface Brevity {
  /** Entries of each list. */
  readonly entries: number
  /** Characters of each text. */
  readonly characters: number
}

/** What somebody who was not there has to know to follow a verdict. */
export function evidenceOf(
  { measured, parsed, detached, embedded }: Findings,
  judged: {
    /** Those that count. */
    readonly vouchers: readonly Voucher[]
    readonly requiredKeys: number
    readonly keys: readonly TrustKeyRow[]
  },
  { entries, characters }: Brevity,
): Evidence {
  const told = (text: string) => cut(text, characters)
  const toldOrNull = (text: string | null | undefined) => (text === null || text === undefined ? null : told(text))
  const facts = parsed.kind === 'parsed' ? parsed.facts : null
  const unsigned = parsed.kind === 'parsed' ? parsed.unsigned : []
  const more = Object.entries(facts?.more ?? {})
  const signers = [...detached, ...embedded].flatMap(({ outcome }) => (outcome.kind === 'verified' ? [outcome] : []))
  const bySigner = Map.groupBy(signers, ({ keyId }) => keyId)
  const lists = [facts?.boards ?? [], facts?.members ?? [], more, unsigned]
  return {
    format: parsed.kind === 'parsed' ? parsed.format : null,
    ...measured,
    version: toldOrNull(facts?.version),
    description: toldOrNull(facts?.description),
    boards: facts?.boards?.slice(0, entries).map(told) ?? null,
    fromVersions: facts?.from ? { min: toldOrNull(facts.from.min), max: toldOrNull(facts.from.max) } : null,
    settings: settingsEffect(facts?.settings ?? { kind: 'unknown' }),
    reboots: facts?.reboots ?? null,
    builtAt: timeOrNull(facts?.builtAt),
    members: (facts?.members ?? [])
      .slice(0, entries)
      .map(({ name, size, sha256 }) => ({ name: told(name), size, sha256 })),
    more: Object.fromEntries(more.slice(0, entries).map(([name, value]) => [told(name), told(value)])),
    unsigned: unsigned.slice(0, entries).map(({ span, why }) => ({ ...span, why: told(why) })),
    keys: [...bySigner].slice(0, entries).map(([keyId, outcomes]) => {
      const key = judged.keys.find((known) => known.key_id === keyId)
      return {
        keyId,
        name: key?.name ?? '',
        vouches: judged.vouchers.some((voucher) => voucher.keyId === keyId),
        certificate: certificateOf(key),
        chain: (outcomes.find(({ chain }) => chain !== undefined)?.chain ?? []).slice(0, entries).map(told),
      }
    }),
    requiredKeys: judged.requiredKeys,
    leftOut: lists.reduce((sum, list) => sum + Math.max(0, list.length - entries), 0),
  }
}

/** What becomes of a subscriber's settings, said for the person who is about to start a campaign. */
function settingsEffect(effect: ImageFacts['settings']): SettingsEffect {
  switch (effect.kind) {
    case 'unknown':
      return { effect: 'unknown', sentence: 'The image does not say what becomes of the settings.' }
    case 'kept':
      return { effect: 'kept', sentence: 'The settings are kept.' }
    case 'lost':
      return { effect: 'lost', sentence: cut(`The settings are lost: ${effect.why}.`) }
    case 'by_compat_version': {
      const { compatVersion, message } = effect
      const says = message === null ? '' : ` The vendor says: ${message}`
      return {
        effect: 'by_compat_version',
        sentence: cut(
          `Devices of compat_version ${compatVersion} keep their settings; those of another minor version lose them, those of another major version refuse the image.${says}`,
        ),
      }
    }
  }
}

function certificateOf(key: TrustKeyRow | undefined): Evidence['keys'][number]['certificate'] {
  const certificate = key === undefined ? null : certificateIn(key.public_key_pem)
  if (certificate === null) return null
  const line = (name: string) => cut(name.replaceAll('\n', ', '))
  const { subject, issuer, validToDate } = certificate
  return { subject: line(subject), issuer: line(issuer), notAfter: validToDate.toISOString() }
}

export function cut(text: string, characters = 512): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`
}

/** A time beyond what a date can be is none. */
function timeOrNull(at: number | null | undefined): string | null {
  if (at === null || at === undefined || !(Math.abs(at) < 8.64e15)) return null
  const date = new Date(at)
  return date.getUTCFullYear() > 9_999 || date.getUTCFullYear() < 0 ? null : date.toISOString()
}
