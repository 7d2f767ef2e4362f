import type { CampaignDraft, Policy } from '@sluice/contracts'
import { toTime } from '../parts.ts'
import type { PlannedLeg } from '../store/campaigns.ts'
import { underWayMs } from './estimate-duration.ts'
import { marginOf, openShare } from './open-hours.ts'
import type { Survey } from './survey.ts'

const devices = (n: number): string => (n === 1 ? '1 device' : `${n} devices`)

/** Which windows and caps bind, and what will be lost: a sentence each. */
export function dryRunNotes(
  draft: CampaignDraft,
  path: readonly PlannedLeg[],
  policy: Policy,
  survey: Survey,
): string[] {
  return [
    ...imageNotes(path, policy),
    ...lossNotes(policy, survey),
    ...releaseNotes(path),
    ...timeNotes(draft, policy, survey),
    ...limitNotes(policy, survey),
  ]
}

/** What the images say that they do to settings, before anybody has lost any. */
function* imageNotes(path: readonly PlannedLeg[], policy: Policy): Iterable<string> {
  const losing = path.filter(({ settings }) => settings?.effect === 'lost' || settings?.effect === 'by_compat_version')
  for (const { version, settings } of losing) yield `Of ${version}: ${settings!.sentence}`
  if (losing.length > 0 && policy.configLossDeclared !== true) {
    yield 'The campaign does not declare that settings may be lost: each device that loses them counts as hurt at its gates.'
  }
}

function* releaseNotes(path: readonly PlannedLeg[]): Iterable<string> {
  for (const { version, release } of path) {
    if (release === undefined) yield `No release covers ${version}, and none is asked for here.`
    else yield `${version} is offered until its release expires, ${toTime(release.expiresAt)}.`
  }
}

function* lossNotes(policy: Policy, survey: Survey): Iterable<string> {
  if (policy.configLossDeclared) {
    const back = policy.restoreSettings === true ? '; what the profile lists as writable is put back' : ''
    yield `The settings of ${devices(survey.devices)} may be lost: the campaign declares it, and no gate stops for it${back}.`
  }
  if (survey.downgrades > 0) yield `${devices(survey.downgrades)} would go back to an older version.`
  if (survey.sameVersion > 0) yield `${devices(survey.sameVersion)} would be flashed with the version they run already.`
  if (policy.backup === undefined) yield 'No backup of the settings is asked for before the image.'
  else if (!policy.backup.required) yield 'A backup is asked for, and the image follows even where none comes.'
  if (survey.versionUnknown > 0) {
    yield `Of ${devices(survey.versionUnknown)} the version is not known: whether that is a step back shows at the claim.`
  }
}

function* timeNotes({ dynamic, retryOf }: CampaignDraft, policy: Policy, survey: Survey): Iterable<string> {
  const { windows, waves } = policy
  const minutes = Math.ceil(underWayMs(policy, survey.imageBytes) / 60_000)
  yield `A device is taken to be under way for ${minutes} min, and each shows up once a day.`
  if (windows !== undefined && windows.length > 0) {
    const share = Math.round(openShare(policy, survey.imageBytes) * 1_000) / 10
    const margin = Math.ceil(marginOf(policy, survey.imageBytes) / 60_000)
    const written = windows.map(({ from, to, zone }) => `${from} to ${to} ${zone}`).join(', ')
    yield `Starts happen within windows alone (${written}), until ${margin} min before their end: ${share} % of the week.`
    if (survey.withoutZone > 0) {
      yield `${devices(survey.withoutZone)} have no time zone in the inventory: the zone of each window holds for them.`
    }
  }
  for (const { from, to } of policy.freeze ?? [])
    yield `Nothing starts from ${from} to ${to}, nor what could not end before; that time is not counted.`
  const manual = waves.slice(0, -1).flatMap(({ advance }, index) => (advance === 'manual' ? [index + 1] : []))
  if (manual.length > 0) yield `After wave ${manual.join(', ')} a person has to agree; that time is not counted.`
  if (policy.gate.external !== undefined)
    yield 'Before each next wave somebody outside is asked; that time is not counted.'
  if (survey.overStones > 0)
    yield `${devices(survey.overStones)} go over a stepping stone, which takes longer than counted.`
  if (retryOf !== undefined) yield `Counted are devices of ${retryOf.campaignId} alone, as that ended for them by now.`
  if (dynamic !== undefined) yield `Until ${dynamic.endsAt} others may join, who are not counted.`
}

function* limitNotes({ caps }: Policy, survey: Survey): Iterable<string> {
  if (caps.perSite !== undefined && survey.withoutSite > 0) {
    yield `${devices(survey.withoutSite)} have no site in the inventory: no cap per site holds for them.`
  }
  if (survey.unlistedModels > 0)
    yield `${devices(survey.unlistedModels)} of further models and versions are not listed.`
}
