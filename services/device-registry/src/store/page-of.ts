/** A bus message has a million bytes of JSON; the answer has its own names around these rows. */
const MOST_BYTES = 900_000

/** The rows that fit one answer: no more than asked, and fewer where they are long. At least one, so that the next page goes on. */
export function pageOf<Answer>(answers: readonly Answer[], limit: number): Answer[] {
  const page: Answer[] = []
  let bytes = 0
  for (const answer of answers.slice(0, limit)) {
    bytes += Buffer.byteLength(JSON.stringify(answer)) + 1
    if (bytes > MOST_BYTES && page.length > 0) break
    page.push(answer)
  }
  return page
}
