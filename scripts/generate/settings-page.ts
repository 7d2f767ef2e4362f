import { processSettings, settingsTable } from '@sluice/runtime'
import { settings as registry } from '../../services/device-registry/src/index.ts'
import { settings as operatorApi } from '../../services/operator-api/src/index.ts'

/** Every setting of every service, as its `--help` prints it. */
export function settingsPage(): string {
  const sections = Object.entries({
    'device-registry': registry,
    'operator-api': operatorApi,
  }).flatMap(([service, settings]) => [`## ${service}`, '', settingsTable(settings)])
  return [
    '# Settings',
    '',
    'Environment variables. Where a table says `_FILE`, the value may stand in a file named by that variable. Wrong settings end a service at its start, with one line per problem.',
    '',
    '## Every service',
    '',
    settingsTable(processSettings),
    ...sections,
  ].join('\n')
}
