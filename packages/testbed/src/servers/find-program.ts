import { accessSync, constants, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where distributions put servers that are not on everyone's PATH. */
const usualPlaces = [
  '/usr/sbin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/opt/homebrew/bin',
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/opt/homebrew/opt/postgresql*/bin',
]

/** Full path of a program, or undefined. Of several PostgreSQL versions the newest wins. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const places = [...path.split(delimiter).filter(Boolean), ...usualPlaces.flatMap(expand)]
  return places.map((place) => join(place, name)).find(isExecutable)
}

function expand(place: string): string[] {
  if (!place.includes('*')) return [place]
  return globSync(place).toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
