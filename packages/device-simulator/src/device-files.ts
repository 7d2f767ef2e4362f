import type { Cpe } from './cpe.ts'

const FIRST_LINE = '# configuration of a simulated CPE'

/** What Upload sends for this file type: the configuration, or the log. */
export function readFile(cpe: Cpe, fileType: string): Buffer {
  return Buffer.from(fileType.includes('Config') ? configuration(cpe) : `${cpe.log.join('\n')}\n`)
}

/** Everything a subscriber or the ACS may set, except how the ACS is found and what is secret. */
function configuration(cpe: Cpe): string {
  const lines = cpe.model
    .under('')
    .filter(([name, { writable, hidden }]) => writable && !hidden && !name.includes('.ManagementServer.'))
    .map(([name, { value }]) => `${name}=${value.replace(/[\r\n]/g, ' ')}`)
  return [FIRST_LINE, ...lines, ''].join('\n')
}

/** Takes a configuration back that it uploaded itself. Any other file changes nothing. Answers the names that were written. */
export function applyConfiguration(cpe: Cpe, file: Buffer): string[] {
  const [first, ...lines] = file.toString('utf8').split('\n')
  if (first !== FIRST_LINE) return []
  return lines.flatMap((line) => {
    const at = line.indexOf('=')
    const parameter = cpe.model.parameter(line.slice(0, Math.max(at, 0)))
    if (!parameter?.writable || parameter.hidden) return []
    parameter.value = line.slice(at + 1)
    return [line.slice(0, at)]
  })
}
