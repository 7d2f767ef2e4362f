import { RuntimeError } from '@sluice/runtime'

export interface Ports {
  contains(port: number): boolean
}

/** What such a list looks like, for the type of a setting. */
export const PORTS_PATTERN = '^[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*$'

/** Parses `80,1024-65535`; port 0 is in no list. Throws RuntimeError `invalid_settings`. */
export function parsePorts(text: string): Ports {
  const ranges = text.split(',').map((entry) => {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(entry.trim()) ?? []
    const range = { from: Number(from), to: Number(to) }
    if (from === '' || range.from < 1 || range.to > 65_535 || range.from > range.to)
      throw new RuntimeError('invalid_settings', `"${entry}" is no port: write 80 or 1024-65535`)
    return range
  })
  return { contains: (port) => Number.isInteger(port) && ranges.some(({ from, to }) => port >= from && port <= to) }
}
