/** A line, its number from 1, and whether more of it was left out than may be held. */
export interface Line {
  readonly number: number
  readonly text: string
  readonly isTooLong: boolean
}

export const MOST_CHARS_OF_A_LINE = 65_536

/** Lines of a text of any length, each one bounded; ends with LF or CR LF. */
export async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 1
  let text = ''
  let isTooLong = false
  const add = (part: string) => {
    isTooLong ||= text.length + part.length > MOST_CHARS_OF_A_LINE
    text = (text + part).slice(0, MOST_CHARS_OF_A_LINE)
  }
  const take = (): Line => {
    const line = { number, text: text.endsWith('\r') ? text.slice(0, -1) : text, isTooLong }
    number += 1
    text = ''
    isTooLong = false
    return line
  }
  for await (const chunk of withoutMark(chunks)) {
    let from = 0
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', from)) {
      add(chunk.slice(from, end))
      yield take()
      from = end + 1
    }
    add(chunk.slice(from))
  }
  if (text !== '' || isTooLong) yield take()
}

/** Spreadsheets put a byte order mark in front of UTF-8. */
export async function* withoutMark(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let isFirst = true
  for await (const chunk of chunks) {
    yield isFirst && chunk.startsWith('\uFEFF') ? chunk.slice(1) : chunk
    if (chunk !== '') isFirst = false
  }
}
