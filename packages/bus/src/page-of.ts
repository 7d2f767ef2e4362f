import { MAX_BODY_BYTES } from './prepare-events.ts'

/** The answer has its own names around these rows. */
const MOST_BYTES = MAX_BODY_BYTES - 100_000

/**
 * The rows that fit one message: no more than asked, and fewer where they are long, or where others take of the room. At
 * least one, so that the next page goes on.
 */
export function pageOf<Answer>(answers: readonly Answer[], limit: number, taken = 0): Answer[] {
  const page: Answer[] = []
  let bytes = taken
  for (const answer of answers.slice(0, limit)) {
    bytes += Buffer.byteLength(JSON.stringify(answer)) + 1
    if (bytes > MOST_BYTES && page.length > 0) break
    page.push(answer)
  }
  return page
}
