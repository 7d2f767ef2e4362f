/** How many challenges of one answer are looked at. */
const MAX_CHALLENGES = 8
const MAX_PARAMETERS = 32

/**
 * One challenge per entry, in the form of RFC 7235: `Digest realm="..", nonce=".."`. What CPE send has several in one
 * header, no commas, semicolons, unended quotes, empty or repeated parameters (the first one counts).
 */
export function readChallenges(headers: readonly string[]): string[] {
  return headers.flatMap(splitChallenges).slice(0, MAX_CHALLENGES).map(normalise)
}

/** A scheme is a word with a blank behind it that no `=` follows, outside of quotes, at the start or after a separator. */
const SCHEME = /(?:^|[\s,;])(digest|basic|negotiate|ntlm|bearer)(?=[\s,]|$)(?!\s*=)/gi

function splitChallenges(header: string): string[] {
  const bare = header.replace(/"(?:[^"\\]|\\[\s\S])*"?/g, (quoted) => '"'.padEnd(quoted.length, 'x'))
  const starts = [...bare.matchAll(SCHEME)].map((match) => match.index + match[0].length - match[1]!.length)
  return starts.map((start, index) => header.slice(start, starts[index + 1]))
}

const PARAMETER = /([A-Za-z][A-Za-z0-9_-]{0,31})\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)(?:"|$)|([^\s",;]*))/g

function normalise(challenge: string): string {
  const scheme = /^[A-Za-z]+/.exec(challenge)?.[0] ?? ''
  const found = new Map<string, string>()
  for (const match of challenge.slice(scheme.length).matchAll(PARAMETER)) {
    const name = match[1]!.toLowerCase()
    const value = match[2] === undefined ? (match[3] ?? '') : match[2].replaceAll(/\\([\s\S])/g, '$1')
    if (!found.has(name) && found.size < MAX_PARAMETERS) found.set(name, value)
  }
  // An algorithm is echoed without quotes, so it must be a token.
  if (!/^[A-Za-z0-9-]+$/.test(found.get('algorithm') ?? '')) found.delete('algorithm')
  const parameters = [...found].map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, '\\$&')}"`)
  return `${scheme} ${parameters.join(', ')}`.trim()
}
