import { processSettings, settingsTable, topologySettings } from '@sluice/runtime'
import { settings as artifactResolver } from '../../services/artifact-resolver/src/index.ts'
import { settings as campaignScheduler } from '../../services/campaign-scheduler/src/index.ts'
import { settings as cwmpGateway } from '../../services/cwmp-gateway/src/index.ts'
import { settings as deviceRegistry } from '../../services/device-registry/src/index.ts'
import { settings as deviceTasks } from '../../services/device-tasks/src/index.ts'
import { settings as deviceWaker } from '../../services/device-waker/src/index.ts'
import { settings as fileServer } from '../../services/file-server/src/index.ts'
import { settings as firmwareVerifier } from '../../services/firmware-verifier/src/index.ts'
import { settings as operatorApi } from '../../services/operator-api/src/index.ts'
import { settings as standalone } from '../../services/standalone/src/index.ts'

/** Every setting of every service, as its `--help` prints it. */
export function settingsPage(): string {
  const sections = Object.entries({
    standalone,
    'cwmp-gateway': cwmpGateway,
    'campaign-scheduler': campaignScheduler,
    'device-registry': deviceRegistry,
    'device-tasks': deviceTasks,
    'device-waker': deviceWaker,
    'artifact-resolver': artifactResolver,
    'firmware-verifier': firmwareVerifier,
    'file-server': fileServer,
    'operator-api': operatorApi,
    'the topology job': topologySettings,
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
