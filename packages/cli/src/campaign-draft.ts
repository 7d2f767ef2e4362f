import { type CampaignDraft, type PolicyDraft } from '@sluice/contracts'
import { type Invocation, type Options, UsageError, listOf, requiredText, textOf } from './command.ts'
import { readJsonFile } from './read-json.ts'
import { TARGET_OPTIONS, TARGET_USAGE, targetsOf } from './targets.ts'

/** What a campaign is to be, as `campaigns create` and `campaigns plan` take it. */
export const DRAFT_OPTIONS: Options = {
  name: { type: 'string' },
  artifact: { type: 'string' },
  path: { type: 'string' },
  ...TARGET_OPTIONS,
  until: { type: 'string' },
  wave: { type: 'string', multiple: true },
  policy: { type: 'string' },
}

export const DRAFT_USAGE = `--name <name> (--artifact <artifact> | --path <file.json>) ${TARGET_USAGE} [--until <time>] [--wave <size>]... [--policy <file.json>]`

export function draftOf({ values }: Invocation): CampaignDraft {
  const policyFile = textOf(values, 'policy')
  const policy = policyFile === undefined ? {} : (readJsonFile(policyFile) as PolicyDraft)
  const waves = withLast(listOf(values, 'wave').map(waveOf))
  const until = textOf(values, 'until')
  return {
    name: requiredText(values, 'name'),
    ...wayOf(values),
    targets: targetsOf(values),
    ...(until === undefined ? {} : { dynamic: { endsAt: until } }),
    policy: { ...policy, ...(waves.length === 0 ? {} : { waves }) },
  }
}

/** One artifact for all, or a file with the legs of a path. */
function wayOf(values: Invocation['values']): Pick<CampaignDraft, 'artifactId' | 'path'> {
  const file = textOf(values, 'path')
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

function waveOf(text: string): NonNullable<PolicyDraft['waves']>[number] {
  const [, figure, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  if (figure === undefined) throw new UsageError(`--wave ${text}: a count such as 50 or a percentage such as 5%`)
  return { size: percent === '%' ? { percent: Number(figure) } : { count: Number(figure) }, advance: 'auto' }
}
