import { createReadStream } from 'node:fs'
import { type ImportedDevice, ImportedDeviceSchema, check } from '@sluice/contracts'
import { type Invocation, UsageError, textOf } from '../command.ts'
import { printable } from '../table.ts'
import type { ImportedLine } from './imported-line.ts'
import { readCsv } from './read-csv.ts'
import { readGenieacs } from './read-genieacs.ts'
import { readJsonLines } from './read-json-lines.ts'

const MOST_IN_A_BATCH = 1_000
/** Well below what the API takes in one body. */
const MOST_BYTES_OF_A_BATCH = 400_000

const FORMATS: Readonly<Record<string, (chunks: AsyncIterable<string>) => AsyncIterable<ImportedLine>>> = {
  csv: readCsv,
  jsonl: readJsonLines,
  genieacs: readGenieacs,
}

/**
 * Sends a file's devices batch by batch. A line that is no device is told by its number and passed over; the answer is
 * whether all of them went in.
 */
export async function importDevices({ client, positionals, values, say, complain }: Invocation): Promise<boolean> {
  const file = positionals[0]!
  const read = FORMATS[textOf(values, 'format') ?? (file.toLowerCase().endsWith('.csv') ? 'csv' : 'jsonl')]
  if (read === undefined) throw new UsageError(`--format is one of ${Object.keys(FORMATS).join(', ')}`)
  const counts = { created: 0, updated: 0, bad: 0 }
  let batch: { line: number; device: ImportedDevice }[] = []
  let bytes = 0
  const send = async () => {
    if (batch.length === 0) return
    try {
      const done = await client.call('importDevices', { body: { items: batch.map(({ device }) => device) } })
      counts.created += done.created
      counts.updated += done.updated
    } catch (error) {
      const { created, updated } = counts
      complain(
        `stopped at lines ${batch[0]!.line} to ${batch.at(-1)!.line}; before: ${created} created, ${updated} updated`,
      )
      throw error
    }
    batch = []
    bytes = 0
  }
  for await (const one of read(createReadStream(file, { encoding: 'utf8' }))) {
    const checked =
      one.kind === 'fault' ? ({ kind: 'invalid', detail: one.reason } as const) : check(ImportedDeviceSchema, one.value)
    if (checked.kind === 'invalid') {
      counts.bad += 1
      complain(`line ${one.line}: ${printable(checked.detail)}`)
      continue
    }
    const size = Buffer.byteLength(JSON.stringify(checked.value))
    if (batch.length === MOST_IN_A_BATCH || bytes + size > MOST_BYTES_OF_A_BATCH) await send()
    batch.push({ line: one.line, device: checked.value })
    bytes += size
  }
  await send()
  say(`${counts.created} created, ${counts.updated} updated${counts.bad === 0 ? '' : `, ${counts.bad} not understood`}`)
  return counts.bad === 0
}
