import type { DeviceLine, History, JournalRow } from './history.ts'
import { keyOf } from './honest-history.ts'

/** What a test does to an honest history. */
export type Forge = (history: History) => History
export type Data = Record<string, unknown>

/** Changes the data of the row that fits, the first or (`-1`) the last of them. */
export const change =
  (fits: (row: JournalRow) => boolean, data: (data: Data) => Data, at = 0): Forge =>
  (history) => {
    const target = history.rows.filter(fits).at(at)!
    const rows = history.rows.map((row) => (row === target ? { ...row, data: data(row.data as Data) } : row))
    return { ...history, rows }
  }
export const without =
  (fits: (row: JournalRow) => boolean): Forge =>
  (history) => ({ ...history, rows: history.rows.filter((row) => !fits(row)) })
/** Puts a row, given by its change, right behind another. */
export const after =
  (fits: (row: JournalRow) => boolean, add: (row: JournalRow) => JournalRow): Forge =>
  (history) => ({ ...history, rows: history.rows.flatMap((row) => (fits(row) ? [row, add(row)] : [row])) })
export const onDevice =
  (n: number, lines: (lines: readonly DeviceLine[]) => readonly DeviceLine[]): Forge =>
  (history) => ({
    ...history,
    devices: new Map([...history.devices, [keyOf(n), lines(history.devices.get(keyOf(n))!)]]),
  })

const isFact = (row: JournalRow) => (row.data as { fact?: { kind: string } }).fact
export const claimOf = (n: number) => (row: JournalRow) =>
  row.upgradeId === `upg_${n}` && isFact(row)?.kind === 'claim_committed'
export const moveTo = (n: number, to: string) => (row: JournalRow) =>
  row.upgradeId === `upg_${n}` && (row.data as { to: string }).to === to
export const waveOpened = (wave: number) => (row: JournalRow) =>
  row.kind === 'campaign.wave_opened' && (row.data as { wave: number }).wave === wave
export const paused = (row: JournalRow) => row.kind === 'campaign.moved' && (row.data as { to: string }).to === 'paused'
/** Other rules than those it kept. */
export const policyOf = (other: object): Forge =>
  change(
    (row) => row.kind === 'campaign.created',
    (data) => ({ ...data, policy: { ...(data['policy'] as object), ...other } }),
  )

/** A claim of another content than was planned. */
export function claimedWith(more: object, n = 1): Forge {
  return change(claimOf(n), (data) => ({ ...data, fact: { ...(data['fact'] as object), ...more } }))
}
