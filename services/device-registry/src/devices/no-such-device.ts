import { type Reply, refused } from '@sluice/contracts'

export function noSuchDevice(): Reply<never> {
  return refused('not_found', 'there is no such device')
}
