import type { CampaignReport } from '@sluice/contracts'
import { count, words } from './figures.ts'
import { type Markup, html } from './markup.ts'

const [MOST_ROWS, MOST_MODELS] = [14, 7]

type Failure = CampaignReport['failures'][number]

const modelOf = ({ oui, productClass }: Failure): string => `${oui}-${productClass}`
const nameOf = ({ faultCode, reason }: Failure): string => `${faultCode ?? ''} ${reason}`
const sum = (failures: readonly Failure[]): number => failures.reduce((total, { upgrades }) => total + upgrades, 0)

/** What went wrong, the most frequent first, each bar divided by model. */
export function failuresChart({ failures }: CampaignReport): Markup {
  if (failures.length === 0) return html`<p class="empty">No upgrade failed.</p>`
  const groups = [...Map.groupBy(failures, nameOf).values()].toSorted((a, b) => sum(b) - sum(a))
  const models = [...Map.groupBy(failures, modelOf)].toSorted(([, a], [, b]) => sum(b) - sum(a)).map(([model]) => model)
  const shown = models.slice(0, MOST_MODELS)
  const colourOf = (failure: Failure) =>
    shown.includes(modelOf(failure)) ? shown.indexOf(modelOf(failure)) : MOST_MODELS
  const top = sum(groups[0]!)
  const left = groups.slice(MOST_ROWS)
  return html`<div class="rows failures">${groups.slice(0, MOST_ROWS).map((group) => row(group, top, colourOf))}</div>
    ${left.length > 0 ? html`<p class="empty">And ${count(left.length)} more kinds with ${count(sum(left.flat()))} upgrades.</p>` : null}
    <ul class="legend">
      ${shown.map((model, colour) => html`<li><i class="c${colour}"></i>${model}</li>`)}
      ${models.length > MOST_MODELS ? html`<li><i class="c${MOST_MODELS}"></i>${models.length - MOST_MODELS} other models</li>` : null}
    </ul>`
}

function row(group: readonly Failure[], top: number, colourOf: (failure: Failure) => number): Markup {
  const { faultCode, reason } = group[0]!
  let from = 0
  const segments = [...Map.groupBy(group, colourOf)]
    .toSorted(([a], [b]) => a - b)
    .map(([colour, part]) => {
      const width = (sum(part) / top) * 100
      const rect = html`<rect class="c${colour}" x="${from.toFixed(3)}" width="${width.toFixed(3)}" height="10" />`
      from += width
      return rect
    })
  return html`<div class="row">
    <span class="label">${faultCode === null ? null : html`<code>${faultCode}</code> `}${words(reason)}</span>
    <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="10" />
      ${segments}
    </svg>
    <span class="figure"><b>${count(sum(group))}</b></span>
  </div>`
}
