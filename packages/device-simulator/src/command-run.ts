import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readChoice, readDuration, readFaults, readNumber, UsageError } from './command-line.ts'
import { faultNames } from './faults.ts'
import { createFleet, type Fleet } from './fleet.ts'

export const RUN_HELP = `Simulated CPE that talk CWMP to an ACS until they are stopped (Ctrl-C).

  main.ts [run] --acs <url> [options]

  --acs <url>              the ACS, for instance http://127.0.0.1:7547/
  --devices <n>            how many (10)
  --seed <n>               the same seed makes the same fleet (1)
  --version <text>         firmware they start with (1.0.0)
  --product-class <text>   (SimGateway)
  --serial-prefix <text>   (SIM)
  --root <name>            Device or InternetGatewayDevice (Device)
  --auth <how>             digest: as the ACS challenges; basic: sent unasked; none (digest)
  --inform-every <time>    periodic Inform (5m)
  --start-spread <time>    devices start within this time (1s)
  --reboot <time>          how long a reboot takes (2s)
  --flash <time>           how long flashing takes (1s)
  --time-scale <x>         real seconds per protocol second: retry waits, DelaySeconds (1)
  --vendor-key <file>      public key (PEM) images must be signed with (the test vendor's)
  --fault <name=n,...>     the first n devices misbehave; names below
  --record <file>          append what happens as JSON lines
  --credentials-out <file> write logins as JSON lines, for the ACS
  --states-out <file>      write how each device ended, when stopped
  --help

Faults: ${faultNames.join(', ')}
`

/** Starts a fleet. The caller stops it. */
export function runCommand(args: string[]): { fleet: Fleet; finish: () => Promise<string> } {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const file = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      acs: file,
      devices: text('10'),
      seed: text('1'),
      version: text('1.0.0'),
      'product-class': text('SimGateway'),
      'serial-prefix': text('SIM'),
      root: text('Device'),
      auth: text('digest'),
      'inform-every': text('5m'),
      'start-spread': text('1s'),
      reboot: text('2s'),
      flash: text('1s'),
      'time-scale': text('1'),
      fault: text(''),
      'vendor-key': file,
      record: file,
      'credentials-out': file,
      'states-out': file,
    },
  })
  if (values.acs === undefined || !URL.canParse(values.acs)) throw new UsageError('--acs needs the URL of an ACS')
  const auth = readChoice('auth', values.auth, ['digest', 'basic', 'none'])
  const vendorKey = values['vendor-key']
  const fleet = createFleet({
    acsUrl: values.acs,
    count: readNumber('devices', values.devices, 1),
    seed: readNumber('seed', values.seed, 0),
    version: values.version,
    model: { productClass: values['product-class'] },
    serialPrefix: values['serial-prefix'],
    auth: auth === 'digest' ? 'challenge' : auth,
    periodicInformMs: readDuration('inform-every', values['inform-every']),
    startSpreadMs: readDuration('start-spread', values['start-spread']),
    timeScale: readNumber('time-scale', values['time-scale'], 0.000_001),
    faults: readFaults('fault', values.fault),
    ...(vendorKey !== undefined && { vendorPublicKey: createPublicKey(readFileSync(vendorKey)) }),
    ...(values.record !== undefined && { record: values.record }),
    device: {
      root: readChoice('root', values.root, ['Device', 'InternetGatewayDevice']),
      rebootMs: readDuration('reboot', values.reboot),
      flashMs: readDuration('flash', values.flash),
    },
  })
  const credentials = values['credentials-out']
  if (credentials !== undefined) writeFileSync(credentials, jsonLines(fleet.credentials()), { mode: 0o600 })
  fleet.start()
  const finish = async (): Promise<string> => {
    await fleet.stop()
    const states = values['states-out']
    if (states !== undefined) writeFileSync(states, jsonLines(fleet.states()))
    return summaryOf(fleet)
  }
  return { fleet, finish }
}

function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('')
}

function summaryOf(fleet: Fleet): string {
  const counts = new Map<string, number>()
  for (const { version, outcomeAsDeviceSeesIt } of fleet.states()) {
    const line = `${outcomeAsDeviceSeesIt} on ${version}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return [...counts].map(([line, count]) => `${String(count).padStart(6)}  ${line}\n`).join('')
}
