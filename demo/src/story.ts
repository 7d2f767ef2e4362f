import type { Client } from '@sluice/client'
import { printable } from '@sluice/cli'
import type { HistoryEntry, Upgrade } from '@sluice/contracts'
import type { RecordLine } from '@sluice/device-simulator'

interface Moved {
  readonly from: string
  readonly to: string
  readonly fact: {
    readonly kind: string
    readonly bytes?: number
    readonly softwareVersion?: string
    readonly events?: readonly { readonly code: string }[]
  }
}

/** The life of one router in eight lines: from the audit trail, and the first from its own record. */
export async function tellStory(client: Client, upgrade: Upgrade, record: readonly RecordLine[]): Promise<string[]> {
  const { upgradeId, attemptId } = upgrade
  const { items } = await client.call('getUpgradeHistory', { params: { upgradeId }, query: { limit: 1_000 } })
  const moves = items.filter((entry) => entry.kind === 'upgrade.moved' || entry.kind === 'upgrade.learnt')
  const find = (condition: (moved: Moved) => boolean) => moves.find((entry) => condition(entry.data as Moved))
  const claim = find((moved) => moved.to === 'offered')
  const back = find(({ fact }) => fact.kind === 'informed' && (fact.events ?? []).some((one) => one.code === '1 BOOT'))
  const target = find((moved) => moved.to === 'verifying')
  const last = find((moved) => moved.to === upgrade.state)
  const inform = record.findLast(
    (line) => line.deviceName === upgrade.deviceName && line.what === 'informed' && line.at <= (claim?.at ?? ''),
  )
  const lastByte = find((moved) => moved.fact.kind === 'last_byte_served')
  const contact = (last?.data as Moved | undefined)?.fact
  const line = (what: string, at: string | undefined, text: string) =>
    `  ${timeOf(at)}  ${what.padEnd(8)}  ${printable(text)}`
  return [
    `The life of one router, ${printable(upgrade.deviceName)}, trace ${upgrade.traceId}`,
    line(
      'Inform',
      inform?.at,
      inform?.what === 'informed' ? `${inform.events.join(', ')}, running ${inform.version}` : '?',
    ),
    line('claim', claim?.at, `go, attempt ${attemptId}`),
    line('Download', find((moved) => moved.fact.kind === 'download_answered')?.at, 'sent, answered with Status 1'),
    line('bytes', lastByte?.at, `${(lastByte?.data as Moved | undefined)?.fact.bytes} served`),
    line('reboot', back?.at, eventsOf(back)),
    line('version', target?.at, `reports ${(target?.data as Moved | undefined)?.fact.softwareVersion}`),
    line(
      'soak',
      last?.at,
      `over, and heard of again: ${contact?.kind === 'informed' ? eventsOf(last) : (contact?.kind ?? '?')}`,
    ),
    line('outcome', last?.at, [upgrade.state, upgrade.reason].filter(Boolean).join(', ')),
  ]
}

function eventsOf(entry: HistoryEntry | undefined): string {
  return ((entry?.data as Moved | undefined)?.fact.events ?? []).map((one) => one.code).join(', ')
}

/** The time of day, UTC, to the millisecond. */
function timeOf(at: string | undefined): string {
  return at === undefined ? '?'.padEnd(12) : at.slice(11, 23)
}
