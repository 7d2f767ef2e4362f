import { readFileSync } from 'node:fs'
import { type ReleaseEnvelope, readRelease } from '@sluice/firmware'
import { UsageError } from '../command.ts'

export function readReleaseFile(file: string): ReleaseEnvelope {
  const read = readRelease(readFileSync(file, 'utf8'))
  if (read.kind === 'refused') throw new UsageError(`${file} is no release: ${read.code}, ${read.detail}`)
  return read
}
