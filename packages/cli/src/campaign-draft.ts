import { type CampaignDraft, type PolicyDraft, RETRIED_OUTCOMES, type RetriedOutcome } from '@sluice/contracts'
import { type Invocation, type Options, UsageError, type Values, listOf, requiredText, textOf } from './command.ts'
import { readJsonFile } from './read-json.ts'
import { TARGET_OPTIONS, TARGET_USAGE, targetsOf } from './targets.ts'

/** What a campaign is to be, as `campaigns create` and `campaigns plan` take it. */
export const DRAFT_OPTIONS: Options = {
  name: { type: 'string' },
  artifact: { type: 'string' },
  path: { type: 'string' },
  ...TARGET_OPTIONS,
  until: { type: 'string' },
  'retry-of': { type: 'string' },
  outcome: { type: 'string', multiple: true },
  wave: { type: 'string', multiple: true },
  policy: { type: 'string' },
}

export const DRAFT_USAGE = `--name <name> (--artifact <artifact> | --path <file.json> | --retry-of <campaign> [--outcome <outcome>]...) ${TARGET_USAGE} [--until <time>] [--wave <size>[:manual]]... [--policy <file.json>]`

export function draftOf({ values }: Invocation): CampaignDraft {
  const until = textOf(values, 'until')
  const retryOf = retryIn(values)
  return {
    name: requiredText(values, 'name'),
    ...wayOf(values, retryOf !== undefined),
    targets: targetsOf(values),
    ...(retryOf && { retryOf }),
    ...(until === undefined ? {} : { dynamic: { endsAt: until } }),
    ...policyIn(values, retryOf !== undefined),
  }
}

/** Where nothing is said of a policy, a retry goes by that of the other campaign. */
function policyIn(values: Values, isRetry: boolean): Pick<CampaignDraft, 'policy'> {
  const file = textOf(values, 'policy')
  const waves = withLast(listOf(values, 'wave').map(waveOf))
  if (isRetry && file === undefined) {
    if (waves.length === 0) return {}
    throw new UsageError(
      '--wave alone would drop all other rules of the campaign that is tried again: give --policy too',
    )
  }
  const policy = file === undefined ? {} : (readJsonFile(file) as PolicyDraft)
  return { policy: { ...policy, ...(waves.length === 0 ? {} : { waves }) } }
}

function retryIn(values: Values): CampaignDraft['retryOf'] {
  const campaignId = textOf(values, 'retry-of')
  const outcomes = listOf(values, 'outcome')
  if (campaignId === undefined) {
    if (outcomes.length > 0) throw new UsageError('--outcome goes with --retry-of')
    return undefined
  }
  return { campaignId, ...(outcomes.length > 0 && { endedAs: outcomes.map(outcomeOf) }) }
}

function outcomeOf(text: string): RetriedOutcome {
  const outcome = RETRIED_OUTCOMES.find((one) => one === text)
  if (outcome === undefined) throw new UsageError(`--outcome ${text}: one of ${RETRIED_OUTCOMES.join(', ')}`)
  return outcome
}

/** One artifact for all, or a file with the legs of a path; a retry may leave it to the other campaign. */
function wayOf(values: Values, isRetry: boolean): Pick<CampaignDraft, 'artifactId' | 'path'> {
  const file = textOf(values, 'path')
  if (isRetry && file === undefined && textOf(values, 'artifact') === undefined) return {}
  if (file === undefined) return { artifactId: requiredText(values, 'artifact') }
  if (textOf(values, 'artifact') !== undefined) throw new UsageError('--artifact and --path exclude each other')
  const legs = readJsonFile(file)
  if (!Array.isArray(legs)) throw new UsageError(`${file} is no list of legs`)
  return { path: legs as NonNullable<CampaignDraft['path']> }
}

/** `--wave 5` alone means five devices first, not everybody at once. */
function withLast(waves: NonNullable<PolicyDraft['waves']>): NonNullable<PolicyDraft['waves']> {
  const last = waves.at(-1)
  if (last === undefined || ('percent' in last.size && last.size.percent === 100)) return waves
  return [...waves, { size: { percent: 100 }, advance: 'auto' }]
}

/** `10`, `5%`, and `10:manual` where a person is to let the next one begin. */
function waveOf(text: string): NonNullable<PolicyDraft['waves']>[number] {
  const [, figure, percent, manual] = /^(\d+(?:\.\d+)?)(%?)(:manual)?$/.exec(text) ?? []
  if (figure === undefined) {
    throw new UsageError(
      `--wave ${text}: a count such as 50 or a percentage such as 5%, with :manual where a person is waited for`,
    )
  }
  const size = percent === '%' ? { percent: Number(figure) } : { count: Number(figure) }
  return { size, advance: manual === undefined ? 'auto' : 'manual' }
}
