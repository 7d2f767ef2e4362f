import type { Policy, PolicyDraft } from '@sluice/contracts'
import { isZone } from '../upgrade/known-zone.ts'
import { type Policy as RolloutPolicy, type Weekday, defaultPolicy } from '@sluice/rollout'
import { checkWaves } from './check-waves.ts'
import { needsConfirmation } from '../upgrade/delivery.ts'

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const satisfies readonly Weekday[]

/** A draft with the defaults for what it leaves out, group by group, and limit by limit; or what is wrong with it. */
export function completePolicy(
  draft: PolicyDraft = {},
): { readonly kind: 'complete'; readonly policy: Policy } | { readonly kind: 'wrong'; readonly detail: string } {
  const { windows: _, freeze: __, ...base } = defaultPolicy
  const policy: Policy = {
    waves: draft.waves ?? base.waves,
    gate: { ...base.gate, ...draft.gate, limits: limitsOf(draft.gate?.limits) },
    caps: { ...base.caps, ...draft.caps },
    timers: { ...base.timers, ...draft.timers },
    retries: { ...base.retries, ...draft.retries },
    weight: draft.weight ?? base.weight,
    allowSameVersion: draft.allowSameVersion ?? base.allowSameVersion,
    configLossDeclared: draft.configLossDeclared ?? base.configLossDeclared,
    ...(draft.windows === undefined ? {} : { windows: draft.windows }),
    ...(draft.freeze === undefined ? {} : { freeze: draft.freeze }),
    ...(draft.backup === undefined ? {} : { backup: draft.backup }),
    ...(draft.strictWindows === undefined ? {} : { strictWindows: draft.strictWindows }),
    ...(draft.delivery === undefined ? {} : { delivery: draft.delivery }),
    ...(draft.allowDowngrade === undefined ? {} : { allowDowngrade: draft.allowDowngrade }),
    ...(draft.restoreSettings === undefined ? {} : { restoreSettings: draft.restoreSettings }),
    ...(draft.checkAfterSoak === undefined ? {} : { checkAfterSoak: draft.checkAfterSoak }),
    ...(draft.rebootLoopBoots === undefined ? {} : { rebootLoopBoots: draft.rebootLoopBoots }),
  }
  const wrongZone = policy.windows?.find((window) => !isZone(window.zone))
  if (wrongZone !== undefined)
    return { kind: 'wrong', detail: `${JSON.stringify(wrongZone.zone)} is no IANA time zone` }
  const wrongFreeze = policy.freeze?.find((freeze) => Date.parse(freeze.from) >= Date.parse(freeze.to))
  if (wrongFreeze !== undefined)
    return { kind: 'wrong', detail: `a freeze from ${wrongFreeze.from} ends before it begins` }
  for (const name of ['successUrl', 'failureUrl'] as const) {
    const wrong = wrongBrowserUrl(policy.delivery?.[name])
    if (wrong !== null) return { kind: 'wrong', detail: `delivery.${name} ${wrong}` }
  }
  const wrongWaves = checkWaves(policy.waves)
  if (wrongWaves !== null) return { kind: 'wrong', detail: wrongWaves }
  return { kind: 'complete', policy }
}

/**
 * Where the subscriber's browser is sent (TR-069 A.3.2.8): SuccessURL and FailureURL are URLs of RFC 3986, 256 characters at most,
 * which the schema sees to, and may have arguments. What is wrong is said without the URL.
 */
function wrongBrowserUrl(url: string | undefined): string | null {
  if (url === undefined) return null
  if (!/^https?:\/\/[\u0021-\u007E]+$/i.test(url)) return 'is no absolute http or https URL'
  const parsed = URL.parse(url)
  if (parsed === null) return 'is no absolute http or https URL'
  return parsed.username === '' && parsed.password === '' ? null : 'holds a name or a password'
}

type Limits = Policy['gate']['limits']
type LimitsDraft = NonNullable<NonNullable<PolicyDraft['gate']>['limits']>

/** Null: no such limit. Where nothing is said of lost settings the gate has a share of its own; one that is never passed is said. */
function limitsOf(draft: LimitsDraft = {}): Limits {
  const { configLost, ...counts } = { ...defaultPolicy.gate.limits, ...draft }
  const set = Object.entries(counts).filter(([, limit]) => limit !== null)
  return { ...Object.fromEntries(set), configLost: configLost ?? 1 }
}

/** What makes a policy that is kept out of the same policy once more: a limit that it lacks was switched off. */
export function asDraft(policy: Policy): PolicyDraft {
  const { gate } = policy
  return { ...policy, gate: { ...gate, limits: { ...gate.limits, overdue: gate.limits.overdue ?? null } } }
}

/** The same rules in the machine's words: its days have names. */
export function rolloutPolicy(policy: Policy): RolloutPolicy {
  // The machine knows nothing of backups: they come before it.
  const { windows, backup: _, ...plain } = policy
  const rest = needsConfirmation(policy) ? { ...plain, confirmation: true } : plain
  if (windows === undefined) return rest
  return {
    ...rest,
    windows: windows.map(({ days, ...window }) =>
      days === undefined ? window : { ...window, days: days.map((day) => WEEKDAYS[day - 1]!) },
    ),
  }
}
