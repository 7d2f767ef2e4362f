import type { CampaignReport } from '@sluice/contracts'
import { count, minute } from './figures.ts'
import { type Markup, html } from './markup.ts'

const [WIDTH, HEIGHT] = [600, 200]

/** How many devices ran which version: stacked, the last version of the path lowest. */
export function versionsChart({ versions, campaign }: CampaignReport): Markup {
  const { at, series } = versions
  const last = at.length - 1
  if (series.length === 0 || last < 1) return html`<p class="empty">Nothing has been offered yet.</p>`
  const ordered = series.toSorted(
    (a, b) => Number(b.version === campaign.version) - Number(a.version === campaign.version),
  )
  const top = Math.max(1, ...at.map((_, index) => sumAt(ordered, index)))
  const x = (index: number) => ((index / last) * WIDTH).toFixed(1)
  const y = (devices: number) => (HEIGHT - (devices / top) * HEIGHT).toFixed(1)
  let floor = at.map(() => 0)
  const areas = ordered.map(({ devices }, colour) => {
    const ceiling = floor.map((under, index) => under + devices[index]!)
    const up = ceiling.map((value, index) => `${x(index)},${y(value)}`)
    const down = floor.map((value, index) => `${x(index)},${y(value)}`).toReversed()
    floor = ceiling
    return html`<polygon class="v${colour % 8}" points="${[...up, ...down].join(' ')}" />`
  })
  const grid = [0.25, 0.5, 0.75].map(
    (part) => html`<line class="grid" x2="${WIDTH}" y1="${HEIGHT * part}" y2="${HEIGHT * part}" />`,
  )
  return html`<div class="plot">
      <div class="y"><span>${count(top)}</span><span>${count(Math.round(top / 2))}</span><span>0</span></div>
      <svg
        viewBox="0 0 ${WIDTH} ${HEIGHT}"
        preserveAspectRatio="none"
        role="img"
        aria-label="Devices by version over time"
      >
        ${areas}${grid}
      </svg>
      <div class="x">
        <span>${minute(at[0]!)}</span><span>${minute(at[Math.round(last / 2)]!)}</span><span>${minute(at[last]!)}</span>
      </div>
    </div>
    <ul class="legend">
      ${ordered.map(
        ({ version, devices }, colour) =>
          html`<li>
            <i class="v${colour % 8}"></i>${version ?? 'other'} <small>${count(devices[last]!)} at the end</small>
          </li>`,
      )}
    </ul>`
}

function sumAt(series: CampaignReport['versions']['series'], index: number): number {
  return series.reduce((sum, { devices }) => sum + devices[index]!, 0)
}
