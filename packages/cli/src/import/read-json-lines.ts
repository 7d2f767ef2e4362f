import { type ImportedLine, faultAt } from './imported-line.ts'
import { MOST_CHARS_OF_A_LINE, readLines } from './read-lines.ts'

/** One JSON object per line; empty lines are none. */
export async function* readJsonLines(chunks: AsyncIterable<string>): AsyncGenerator<ImportedLine> {
  for await (const { number: line, text, isTooLong } of readLines(chunks)) {
    if (isTooLong) yield faultAt(line, `is longer than ${MOST_CHARS_OF_A_LINE} characters`)
    else if (text.trim() !== '') yield parsed(line, text)
  }
}

function parsed(line: number, text: string): ImportedLine {
  try {
    return { kind: 'value', line, value: JSON.parse(text) }
  } catch {
    return faultAt(line, 'is not JSON')
  }
}
