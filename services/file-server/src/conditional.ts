import type { IncomingHttpHeaders } from 'node:http'

export type Judged = 'proceed' | 'not_modified' | 'failed'

/**
 * What the preconditions of a GET or HEAD come to for what has this strong ETag and no date, in the order of RFC 9110
 * 13.2.2. An image has no date, it is its digest: If-Unmodified-Since and If-Modified-Since are therefore ignored, as
 * 13.1.3 and 13.1.4 demand of who has none.
 */
export function judgeConditions(headers: IncomingHttpHeaders, etag: string): Judged {
  const match = headers['if-match']
  if (match !== undefined && !names(match, (tag) => tag === etag)) return 'failed'
  const noneMatch = headers['if-none-match']
  // Compared weakly, where If-Match compares strongly (RFC 9110 13.1.1 and 13.1.2).
  if (noneMatch !== undefined && names(noneMatch, (tag) => tag.replace(/^W\//, '') === etag)) return 'not_modified'
  return 'proceed'
}

/**
 * Whether a Range may be followed: there is no If-Range, or it names this ETag strongly. A date never does (RFC 9110
 * 13.1.5).
 */
export function mayGoOn(headers: IncomingHttpHeaders, etag: string): boolean {
  const condition = headers['if-range']
  return condition === undefined || condition === etag
}

/** Whether a list of entity tags has a fitting one; `*` stands for any. What is no list of tags names nothing. */
function names(list: string, fits: (tag: string) => boolean): boolean {
  if (list.trim() === '*') return true
  // A tag may hold commas (RFC 9110 8.8.3), so a list is not cut at them.
  const tags = list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.some(fits)
}
