import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Command, type Invocation, UsageError, textOf } from './command.ts'

export const reportCommand: Command = {
  name: 'campaigns report',
  usage: '<campaign> [--format json|csv|html] [--out <file>]',
  summary: 'What came of a campaign: JSON, a CSV line per upgrade, or a page with charts; also while it runs',
  positionals: 1,
  options: { format: { type: 'string' }, out: { type: 'string' } },
  run: writeReport,
}

async function writeReport(invocation: Invocation): Promise<void> {
  const { client, positionals, values, say, signal } = invocation
  const out = textOf(values, 'out')
  const chunks = client.fetchReport(positionals[0]!, formatOf(textOf(values, 'format'), out))
  if (out === undefined) {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of chunks) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) say(lines.join('\n'))
    }
    return rest === '' ? undefined : say(rest)
  }
  // The first bytes before the file: a refusal leaves what is there.
  const first = await chunks.next()
  const rest = async function* () {
    if (first.done !== true) yield first.value
    yield* chunks
  }
  await pipeline(Readable.from(rest()), createWriteStream(out), { signal })
  say(`written to ${out}`)
}

/** As the file is called, unless told. */
function formatOf(given: string | undefined, out: string | undefined): 'json' | 'csv' | 'html' {
  const format = given ?? /\.(json|csv|html)$/.exec(out ?? '')?.[1] ?? 'json'
  if (format !== 'json' && format !== 'csv' && format !== 'html')
    throw new UsageError(`--format ${format}: json, csv or html`)
  return format
}
