import type { Device } from '@sluice/contracts'
import { printable } from './table.ts'

/** What is known of one device, for a person. */
export function deviceLines(device: Device): string[] {
  const { site, region, accessNode, zone } = device
  const place = Object.entries({ site, region, 'access node': accessNode, zone })
  const known = place.filter((entry): entry is [string, string] => entry[1] !== null)
  return [
    `${printable(device.name)}  ${device.deviceKey}`,
    `  runs ${shown(device.softwareVersion)} on hardware ${shown(device.hardwareVersion)}, last Inform ${device.lastInformAt ?? 'never'}`,
    `  stands at ${known.map(([name, value]) => `${name} ${printable(value)}`).join(', ') || 'a place nobody told'}`,
    `  tags ${printable(device.tags.join(', ')) || '-'}`,
    `  profile ${printable(device.profile)}, can be woken by ${device.wakeableBy.join(', ') || 'nothing'}`,
    ...(device.gatewayName === null ? [] : [`  behind ${printable(device.gatewayName)}`]),
    ...device.leniencies.map(({ code, lastAt }) => `  tolerated ${printable(code)}, last at ${lastAt}`),
  ]
}

function shown(text: string | null): string {
  return text === null ? '?' : printable(text)
}
