const PARAMETER = /\s*([A-Za-z][A-Za-z0-9_-]{0,31})\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([^\s",]*))\s*(?:,|$)?/y

/**
 * `name=value` and `name="value"` separated by commas; names in lower case. Blanks alone separate,
 * too: there are CPE that leave the commas out. null where something else stands between, or a name
 * stands twice (two readers could choose differently).
 */
export function readAuthParameters(text: string): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>()
  const trimmed = text.trim()
  let at = 0
  while (at < trimmed.length) {
    PARAMETER.lastIndex = at
    const match = PARAMETER.exec(trimmed)
    if (match === null) return null
    const name = (match[1] ?? '').toLowerCase()
    if (found.has(name)) return null
    found.set(name, match[2] === undefined ? (match[3] ?? '') : match[2].replace(/\\([\s\S])/g, '$1'))
    at = PARAMETER.lastIndex
  }
  return found
}
