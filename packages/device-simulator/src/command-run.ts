import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readChoice, readDuration, readFaults, readNumber, UsageError } from './command-line.ts'
import { ORDERS_HELP } from './command-orders.ts'
import { faultNames } from './faults.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { TlsSettings } from './settings.ts'

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
  --listen                 open ports for connection requests over HTTP and UDP
  --listen-host <address>  where (127.0.0.1)
  --connection-request-login <user:password>
  --behind-nat             believe in a private address of their own, so that STUN finds a NAT
  --bootstrap <user:password>  the factory's login, used after a factory reset
  --at-factory             start with the factory's login
  --ca, --cert, --key <file>   PEM: the authority to trust over https, a certificate of their own
  --vendor-key <file>      public key (PEM) images must be signed with (the test vendor's)
  --fault <name=n,...>     the first n devices misbehave; names below; name:choice=n where there is a choice
  --orders                 obey orders on standard input
  --record <file>          append what happens as JSON lines
  --credentials-out <file> write logins as JSON lines, for the ACS
  --states-out <file>      write how each device ended, when stopped
  --help

Faults: ${faultNames.join(', ')}

${ORDERS_HELP}`

/** Starts a fleet. The caller stops it. */
export function runCommand(args: string[]): { fleet: Fleet; obeys: boolean; finish: () => Promise<string> } {
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
      orders: { type: 'boolean', default: false },
      listen: { type: 'boolean', default: false },
      'listen-host': text('127.0.0.1'),
      'connection-request-login': text(''),
      'behind-nat': { type: 'boolean', default: false },
      bootstrap: text(''),
      'at-factory': { type: 'boolean', default: false },
      ca: file,
      cert: file,
      key: file,
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
      listens: values.listen,
      listenHost: values['listen-host'],
      behindNat: values['behind-nat'],
      startsAtFactory: values['at-factory'],
      ...loginFrom('connection-request-login', values['connection-request-login'], 'connectionRequest'),
      ...loginFrom('bootstrap', values.bootstrap, 'bootstrap'),
      tls: pemFiles({ ca: values.ca, cert: values.cert, key: values.key }),
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
  return { fleet, obeys: values.orders, finish }
}

type Login<Name extends string> = { readonly [Key in `${Name}Username` | `${Name}Password`]?: string }

function loginFrom<Name extends string>(option: string, text: string, name: Name): Login<Name> {
  if (text === '') return {}
  const at = text.indexOf(':')
  if (at < 1) throw new UsageError(`--${option}: "${text}" is not user:password`)
  return { [`${name}Username`]: text.slice(0, at), [`${name}Password`]: text.slice(at + 1) } as Login<Name>
}

function pemFiles(paths: Readonly<Record<keyof TlsSettings, string | undefined>>): TlsSettings {
  const given = Object.entries(paths).filter(([, path]) => path !== undefined)
  return Object.fromEntries(given.map(([name, path]) => [name, readFileSync(path ?? '', 'utf8')]))
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
