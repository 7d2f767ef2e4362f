import { type Policy, type Reply, type DeviceFilter, refused } from '@sluice/contracts'

/** A campaign is told whole, with its waves and figures, in one message of a million bytes. */
const MOST_BYTES = 600_000

/** Why a campaign with so many names cannot be: nobody could be told of it. */
export function tooLong(told: { readonly targets: DeviceFilter; readonly policy: Policy }): Reply<never> | undefined {
  const { targets, policy } = told
  const bytes = Buffer.byteLength(JSON.stringify({ targets, policy }))
  if (bytes <= MOST_BYTES) return undefined
  return refused(
    'too_large',
    `its targets and policy have ${bytes} bytes, and ${MOST_BYTES} is the most: name fewer devices, or give them a tag`,
  )
}
