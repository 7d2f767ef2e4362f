import type { Policy, PolicyDraft } from '@sluice/contracts'
import { type Policy as RolloutPolicy, type Weekday, defaultPolicy } from '@sluice/rollout'

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const satisfies readonly Weekday[]

/** A draft with the defaults for what it leaves out, group by group; or what is wrong with it. */
export function completePolicy(
  draft: PolicyDraft = {},
): { readonly kind: 'complete'; readonly policy: Policy } | { readonly kind: 'wrong'; readonly detail: string } {
  const { windows: _, freeze: __, ...base } = defaultPolicy
  const policy: Policy = {
    waves: draft.waves ?? base.waves,
    gate: { ...base.gate, ...draft.gate },
    caps: { ...base.caps, ...draft.caps },
    timers: { ...base.timers, ...draft.timers },
    retries: { ...base.retries, ...draft.retries },
    weight: draft.weight ?? base.weight,
    allowSameVersion: draft.allowSameVersion ?? base.allowSameVersion,
    configLossDeclared: draft.configLossDeclared ?? base.configLossDeclared,
    ...(draft.windows === undefined ? {} : { windows: draft.windows }),
    ...(draft.freeze === undefined ? {} : { freeze: draft.freeze }),
    ...(draft.backup === undefined ? {} : { backup: draft.backup }),
  }
  const wrongZone = policy.windows?.find((window) => !isZone(window.zone))
  if (wrongZone !== undefined)
    return { kind: 'wrong', detail: `${JSON.stringify(wrongZone.zone)} is no IANA time zone` }
  const wrongFreeze = policy.freeze?.find((freeze) => Date.parse(freeze.from) >= Date.parse(freeze.to))
  if (wrongFreeze !== undefined)
    return { kind: 'wrong', detail: `a freeze from ${wrongFreeze.from} ends before it begins` }
  return { kind: 'complete', policy }
}

/** The same rules in the machine's words: its days have names. */
export function rolloutPolicy(policy: Policy): RolloutPolicy {
  // The machine knows nothing of backups: they come before it.
  const { windows, backup: _, ...rest } = policy
  if (windows === undefined) return rest
  return {
    ...rest,
    windows: windows.map(({ days, ...window }) =>
      days === undefined ? window : { ...window, days: days.map((day) => WEEKDAYS[day - 1]!) },
    ),
  }
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
