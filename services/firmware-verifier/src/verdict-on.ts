import type { artifactRegistered, DataOf, Verdict } from '@sluice/contracts'
import { independent, judge, type Voucher } from '@sluice/firmware'
import { cut, evidenceOf, type Brevity } from './evidence.ts'
import type { Examined } from './examine/examiner.ts'
import { asTrustKey, type TrustKeyRow } from './store/trust-keys.ts'
import { requiredFor, type ThresholdRow } from './store/trust-thresholds.ts'

/** The trust store as it is at the moment of a verdict. */
export interface TrustStore {
  readonly keys: readonly TrustKeyRow[]
  readonly thresholds: readonly ThresholdRow[]
  /** Where no threshold was set. */
  readonly requiredKeys: number
}

export interface Judged {
  readonly verdict: Verdict
  /** Of the bytes that are trusted, or of those that were registered. */
  readonly sha256: string
  readonly vouchers: readonly Voucher[]
  readonly requiredKeys: number
}

/**
 * What is told of an image, and what where that is too long: it says of itself what it likes, in any characters, and its
 * verdict has to fit a message of the bus all the same.
 */
const AMPLE: Brevity = { entries: 64, characters: 512 }
const TERSE: Brevity = { entries: 8, characters: 64 }
const MOST_BYTES = 200_000

/** The verdict on an image, from what was found out about it and from the trust store at this moment. */
export function verdictOn(
  said: DataOf<typeof artifactRegistered>,
  found: Examined,
  { keys, thresholds, requiredKeys: elsewhere }: TrustStore,
  now: number,
): Judged {
  const at = new Date(now).toISOString()
  const requiredKeys = Math.max(1, ...said.fits.map((model) => requiredFor(model, thresholds, elsewhere)))
  if (found.kind !== 'examined') {
    const verdict = { trusted: false, reasons: [whyNotExamined(found)], checks: [], at }
    return { verdict, sha256: said.sha256, vouchers: [], requiredKeys }
  }
  const { trusted, reasons, checks, vouchers } = judge({
    // What nobody declared has at least to be what the intake measured.
    declared: {
      size: said.declaredSize ?? said.size,
      sha256: said.declaredSha256 ?? said.sha256,
      version: said.version,
      softwareVersions: said.softwareVersions,
      boards: said.boards,
    },
    fits: said.fits,
    found: found.findings,
    keys: keys.map(asTrustKey),
    requiredKeys,
    now,
  })
  const told = (brevity: Brevity): Verdict => ({
    trusted,
    reasons: reasons
      .slice(0, brevity.entries)
      .map(({ code, detail }) => ({ code, detail: cut(detail, brevity.characters) })),
    checks: mostTelling(checks, brevity.entries).map((check) => ({
      ...check,
      detail: cut(check.detail, brevity.characters),
    })),
    at,
    evidence: evidenceOf(found.findings, { vouchers: independent(vouchers), requiredKeys, keys }, brevity),
  })
  const ample = told(AMPLE)
  const verdict = Buffer.byteLength(JSON.stringify(ample)) <= MOST_BYTES ? ample : told(TERSE)
  // Rejected is what was registered, also where other bytes lie there by now: else it would wait for ever.
  const sha256 = trusted ? found.findings.measured.sha256 : said.sha256
  return { verdict, sha256, vouchers, requiredKeys }
}

function whyNotExamined(found: Exclude<Examined, { kind: 'examined' }>) {
  if (found.kind === 'gave_up') return { code: found.code, detail: found.detail }
  return { code: 'content_missing', detail: 'there is no such image in quarantine' }
}

/** Of very many, digests that hold go first: signatures and what failed stay. */
function mostTelling<C extends { readonly check: string; readonly passed: boolean }>(
  checks: readonly C[],
  most: number,
): C[] {
  if (checks.length <= most) return [...checks]
  const dispensable = ({ check, passed }: C) => check === 'stated_digest' && passed
  const kept = checks.filter((check) => !dispensable(check)).slice(0, most)
  let room = most - kept.length
  return checks.filter((check) => (dispensable(check) ? room-- > 0 : kept.includes(check)))
}
