import type { CampaignReport, Counters } from '@sluice/contracts'
import { count, minute, share, words } from './figures.ts'
import { type Markup, html } from './markup.ts'

/** Every outcome with its reason. */
export function outcomesTable({ outcomes, campaign }: CampaignReport): Markup {
  if (outcomes.length === 0) return html`<p class="empty">No upgrade has an outcome yet.</p>`
  return html`<table>
    <thead>
      <tr>
        <th>Outcome</th>
        <th>Why</th>
        <th>Counts as</th>
        <th class="n">Upgrades</th>
        <th class="n">Of all</th>
      </tr>
    </thead>
    <tbody>
      ${outcomes.map(
        ({ state, reason, countsAs, upgrades }) =>
          html`<tr>
            <td>${words(state)}</td>
            <td>${words(reason)}</td>
            <td><i class="dot ${classNameOf(countsAs)}"></i>${words(countsAs)}</td>
            <td class="n">${count(upgrades)}</td>
            <td class="n">${share(upgrades, campaign.size)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

const KNOWN = ['success', 'config_lost', 'hard', 'silent', 'stalled', 'benign', 'pending', 'in_flight', 'unproven']

/** A class of the style sheet, never a word from outside. */
const classNameOf = (countsAs: string): string => (KNOWN.includes(countsAs) ? `k-${countsAs}` : 'k-benign')

/** The waves as they stand, each with what its gate said last. */
export function wavesTable({ campaign }: CampaignReport): Markup {
  return html`<table class="waves">
    <thead>
      <tr>
        <th>Wave</th>
        <th>State</th>
        <th class="n">Upgrades</th>
        <th>Opened</th>
        <th>How they stand</th>
        <th>Its gate said</th>
      </tr>
    </thead>
    <tbody>
      ${campaign.waves.map(
        ({ wave, state, size, openedAt, counters, gate }) =>
          html`<tr>
            <td>${wave}</td>
            <td>${state}</td>
            <td class="n">${count(size)}</td>
            <td class="t">${openedAt === null ? '–' : minute(openedAt)}</td>
            <td class="stack">${countersBar(counters)}</td>
            <td class="text">${gate}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

/** What was decided and done, by whom, with the counters of that moment. */
export function actsTable({ acts }: CampaignReport): Markup {
  return html`<table class="acts">
    <thead>
      <tr>
        <th>When</th>
        <th>Who</th>
        <th>What</th>
        <th>Why</th>
        <th>Counters then</th>
      </tr>
    </thead>
    <tbody>
      ${acts.map(
        ({ at, actor, kind, wave, to, reason, counters }) =>
          html`<tr${actor.startsWith('operator:') ? html` class="person"` : null}>
        <td class="t">${minute(at)}</td><td>${actor.replace(/^(operator|service):/, '')}</td>
        <td>${words(kind.replace(/^campaign\./, ''))}${to === null ? null : html` to <b>${to}</b>`}${wave === null ? null : html` <b>${wave}</b>`}</td>
        <td class="text">${reason}</td><td class="text">${counters === null ? null : countersText(counters)}</td>
      </tr>`,
      )}
    </tbody>
  </table>`
}

const CLASSES = [
  ['success', 'success', 'success'],
  ['configLost', 'config_lost', 'settings lost'],
  ['hard', 'hard', 'hurt'],
  ['silent', 'silent', 'silent'],
  ['stalled', 'stalled', 'stalled'],
  ['unproven', 'unproven', 'in soak'],
  ['inFlight', 'in_flight', 'under way'],
  ['benign', 'benign', 'left out'],
  ['pending', 'pending', 'waiting'],
] as const satisfies readonly (readonly [keyof Counters, string, string])[]

function countersText(counters: Counters): string {
  const said = CLASSES.filter(([key]) => counters[key] > 0).map(([key, , label]) => `${count(counters[key])} ${label}`)
  return said.length === 0 ? 'nothing yet' : said.join(', ')
}

/** One bar for all classes. */
export function countersBar(counters: Counters): Markup {
  const whole = Math.max(
    1,
    CLASSES.reduce((sum, [key]) => sum + counters[key], 0),
  )
  let from = 0
  const segments = CLASSES.filter(([key]) => counters[key] > 0).map(([key, name]) => {
    const width = (counters[key] / whole) * 100
    const rect = html`<rect class="k-${name}" x="${from.toFixed(3)}" width="${width.toFixed(3)}" height="10" />`
    from += width
    return rect
  })
  return html`<svg
    class="bar"
    viewBox="0 0 100 10"
    preserveAspectRatio="none"
    role="img"
    aria-label="${countersText(counters)}"
  >
    <rect class="track" width="100" height="10" />
    ${segments}
  </svg>`
}

export function countersLegend(counters: Counters): Markup {
  const shown = CLASSES.filter(([key]) => counters[key] > 0)
  return html`<ul class="legend">
    ${shown.map(
      ([key, name, label]) => html`<li><i class="k-${name}"></i>${label} <small>${count(counters[key])}</small></li>`,
    )}
  </ul>`
}
