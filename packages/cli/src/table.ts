/** Aligned columns; a cell's control characters are shown, never sent to the terminal. */
export function tableOf(header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string[] {
  const cells = [header, ...rows.map((row) => row.map((cell) => printable(cell === null ? '-' : String(cell))))]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** JSON that a terminal may be sent: JSON itself leaves some control characters as they are. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(
    /[\u007F-\u009F]/g,
    (char) => `\\u00${char.charCodeAt(0).toString(16)}`,
  )
}

/** Names come from devices: a serial number may hold escape sequences. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
