import type { DeviceLine } from './history.ts'
import type { Moved } from './replay.ts'

/** What the journal and the device say of one upgrade, by time, for who has to find out why they do not agree. */
export function tellStory(moves: readonly Moved[], lines: readonly DeviceLine[]): string[] {
  const told = [
    ...moves.map(({ row, fact, from, to, outcome }) => ({
      at: row.at,
      text: `journal ${fact.kind}: ${from} -> ${to}${outcome === undefined ? '' : ` ${JSON.stringify(outcome)}`}`,
    })),
    ...lines.map((line) => ({
      at: Date.parse(line.at),
      text: `device  ${JSON.stringify({ ...line, at: undefined, deviceName: undefined })}`,
    })),
  ]
  return told.toSorted((a, b) => a.at - b.at).map(({ at, text }) => `${new Date(at).toISOString()} ${text}`)
}
