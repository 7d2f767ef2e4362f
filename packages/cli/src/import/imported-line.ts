/** What stands at one place of a file of devices: something to be checked, or why there is nothing. */
export type ImportedLine =
  | { readonly kind: 'value'; readonly line: number; readonly value: unknown }
  | { readonly kind: 'fault'; readonly line: number; readonly reason: string }

export function faultAt(line: number, reason: string): ImportedLine {
  return { kind: 'fault', line, reason }
}
