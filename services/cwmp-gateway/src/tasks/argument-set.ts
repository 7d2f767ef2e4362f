import type { DownloadArgumentSet } from '@sluice/cwmp'
import type { Knowledge } from './task.ts'

/**
 * Which arguments Download carries: what the model takes, or the other set for a device that refused it. Where they
 * are learnt, the opposite of what this device refused last, and all of them before it refused any.
 */
export function argumentSetFor(
  { profile, record }: Pick<Knowledge, 'profile' | 'record'>,
  wanted: 'usual' | 'other' = 'usual',
): DownloadArgumentSet {
  const { downloadArguments } = profile
  const learnt = record.refusedArguments === null ? null : opposite(record.refusedArguments)
  if (downloadArguments === 'learnt' && learnt !== null) return learnt
  const usual = downloadArguments === 'learnt' ? 'all' : downloadArguments
  return wanted === 'usual' ? usual : opposite(usual)
}

/** 9002 and 9003 are how CPE refuse arguments of Download they cannot take. */
export function refusesArguments(faultCode: number): boolean {
  return faultCode === 9002 || faultCode === 9003
}

function opposite(set: DownloadArgumentSet): DownloadArgumentSet {
  return set === 'all' ? 'minimal' : 'all'
}
