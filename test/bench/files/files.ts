import { availableParallelism } from 'node:os'
import { keep, print, say, table } from '../campaigns/figures.ts'
import { readNumbers } from '../campaigns/read-numbers.ts'
import { median } from '../campaigns/slope.ts'
import { processorTime } from '../processor-time.ts'
import { forgetPeak, peakOf, residentOf } from '../resident-memory.ts'
import { type Fetcher, startFetcher } from './start-fetcher.ts'
import { type FilesStand, type Served, startFilesStand } from './start-files-stand.ts'

const SIZES = {
  megabytes: { usual: 64, most: 1_000, what: 'of one image' },
  images: { usual: 12, most: 100, what: 'that there are' },
  gigabytes: { usual: 4, most: 1_000, what: 'served by each variant in each round' },
  rounds: { usual: 5, most: 100, what: 'in which the variants take turns' },
  connections: { usual: 8, most: 1_000, what: 'transfers at once' },
  crowd: { usual: 500, most: 4_000, what: 'transfers at once when memory is looked at' },
}
const WARM_TRANSFERS = 2_000
/** Of an image, for each of a crowd. */
const CROWD_BYTES = 16e6
/** What was promised, times what nginx takes. */
const MOST_ALONE = 4
const MOST_BEHIND_NGINX = 1.2
/** What a crowd may add to what one transfer holds, where all fetch one image. */
const MOST_BYTES_MORE = 64e6

interface Cost {
  /** CPU seconds per GB of images, of those who serve together, and of each. */
  readonly cpu: number
  readonly nginx: number
  readonly files: number
  /** Beside them. */
  readonly nats: number
  readonly megabytesPerSecond: number
}

/** What serving images costs beside nginx, and what a crowd holds. */
export async function benchFiles(args: readonly string[]): Promise<void> {
  const told = readNumbers('files', SIZES, args, [])
  if (told === null) return
  const { megabytes, images, gigabytes, rounds, connections, crowd } = told.sizes
  const bytesEach = Math.ceil(megabytes * 1e6)
  say('starting nats-server, three file servers and two nginx')
  const stand = await startFilesStand(Math.ceil(images), bytesEach)
  const fetcher = startFetcher()
  try {
    const variants = [stand.nginx, stand.alone, stand.aloneWithoutMemory, stand.behindNginx]
    const transfers = Math.max(connections, Math.ceil((gigabytes * 1e9) / bytesEach))
    const load = { transfers, connections: Math.ceil(connections), bytesEach }
    for (const served of variants) await warm(stand, fetcher, served, load)
    const measured = variants.map((served) => ({ name: served.name, rounds: [] as Cost[] }))
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${Math.ceil(rounds)}`)
      for (const [index, served] of variants.entries()) {
        measured[index]!.rounds.push(await serve(stand, fetcher, served, load))
      }
    }
    const rows = measured.map(({ name, rounds: costs }) => rowOf(name, costs, measured[0]!.rounds))
    const memory = await measureCrowds(fetcher, stand.alone, Math.ceil(crowd), Math.ceil(images), bytesEach)

    print(`Node ${process.version}, ${availableParallelism()} cores; images of ${megabytes} MB, one of them for all\n`)
    print(costTable(rows))
    print(`\n${memoryTable(memory)}`)
    keep(told.json, { sizes: told.sizes, rows, memory, measured })
    const broken = brokenPromises(rows, memory)
    if (broken.length > 0) throw new Error(broken.join('\n'))
  } finally {
    fetcher.stop()
    await stand.stop()
  }
}

/** Enough for Node to have compiled what it will. */
async function warm(stand: FilesStand, fetcher: Fetcher, served: Served, load: Load): Promise<void> {
  const paths = Array.from({ length: WARM_TRANSFERS }, () => served.pathOf(0))
  const { port } = served
  await fetcher.fetch({ port, paths, connections: load.connections, bytesEach: 1_000, range: 'bytes=0-999' })
  await serve(stand, fetcher, served, load)
}

interface Load {
  readonly transfers: number
  readonly connections: number
  readonly bytesEach: number
}

async function serve(stand: FilesStand, fetcher: Fetcher, served: Served, load: Load): Promise<Cost> {
  const paths = Array.from({ length: load.transfers }, () => served.pathOf(0))
  const used = () => ({ nginx: timeOf(served.nginxPid), files: timeOf(served.filesPid), nats: timeOf(stand.natsPid) })
  const before = used()
  const { bytes, seconds } = await fetcher.fetch({ ...load, port: served.port, paths })
  const after = used()
  const of = (name: keyof typeof after) => ((after[name] - before[name]) * 1e9) / bytes
  const [nginx, files] = [of('nginx'), of('files')]
  return { cpu: nginx + files, nginx, files, nats: of('nats'), megabytesPerSecond: bytes / 1e6 / seconds }
}

const timeOf = (pid: number | null) => (pid === null ? 0 : processorTime(pid))

export interface Row extends Cost {
  readonly name: string
  /** Over nginx in the same round. */
  readonly times: { readonly median: number; readonly least: number; readonly most: number }
}

function rowOf(name: string, costs: readonly Cost[], base: readonly Cost[]): Row {
  const of = (name: keyof Cost) => median(costs.map((cost) => cost[name]))
  const ratios = costs.map(({ cpu }, round) => cpu / base[round]!.cpu)
  return {
    name,
    cpu: of('cpu'),
    nginx: of('nginx'),
    files: of('files'),
    nats: of('nats'),
    megabytesPerSecond: of('megabytesPerSecond'),
    times: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
  }
}

export interface Crowd {
  readonly name: string
  readonly beforeBytes: number
  /** While the crowd was served. */
  readonly mostBytes: number
  /** Whether the promise is about it. */
  readonly ofOneImage: boolean
}

async function measureCrowds(
  fetcher: Fetcher,
  served: Served,
  crowd: number,
  images: number,
  bytesEach: number,
): Promise<Crowd[]> {
  const pid = served.filesPid!
  const measureOne = async (name: string, connections: number, of: number): Promise<Crowd> => {
    say(name)
    const beforeBytes = residentOf(pid)
    forgetPeak(pid)
    const paths = Array.from({ length: connections }, (_, index) => served.pathOf(index % of))
    const range = `bytes=0-${CROWD_BYTES - 1}`
    await fetcher.fetch({ port: served.port, paths, connections, bytesEach: Math.min(bytesEach, CROWD_BYTES), range })
    return { name, beforeBytes, mostBytes: peakOf(pid), ofOneImage: of === 1 }
  }
  return [
    await measureOne('1 transfer', 1, 1),
    await measureOne(`${crowd} at once, of one image`, crowd, 1),
    await measureOne(`${crowd} at once, of one image, again`, crowd, 1),
    await measureOne(`${crowd} at once, of ${images} images`, crowd, images),
  ]
}

function costTable(rows: readonly Row[]): string {
  return table(
    ['CPU seconds per GB served', 'nginx', 'file server', 'both', 'x nginx (least-most)', '(nats)', 'MB/s'],
    rows.map(({ name, nginx, files, cpu, nats, megabytesPerSecond, times }) => [
      name,
      nginx.toFixed(3),
      files.toFixed(3),
      cpu.toFixed(3),
      `${times.median.toFixed(2)} (${times.least.toFixed(2)}-${times.most.toFixed(2)})`,
      nats.toFixed(3),
      megabytesPerSecond.toFixed(0),
    ]),
  )
}

function memoryTable(crowds: readonly Crowd[]): string {
  return table(
    ['file server alone', 'MB before', 'most MB'],
    crowds.map(({ name, beforeBytes, mostBytes }) => [
      name,
      (beforeBytes / 1e6).toFixed(0),
      (mostBytes / 1e6).toFixed(0),
    ]),
  )
}

/** A sentence for each. */
export function brokenPromises(rows: readonly Row[], crowds: readonly Crowd[]): string[] {
  const [, alone, , behind] = rows
  const tooMuch = (row: Row, most: number) =>
    row.times.median > most
      ? [`${row.name} takes ${row.times.median.toFixed(2)} times the CPU of nginx, at most ${most} were promised`]
      : []
  const [one, ...others] = crowds.filter(({ ofOneImage }) => ofOneImage)
  return [
    ...tooMuch(alone!, MOST_ALONE),
    ...tooMuch(behind!, MOST_BEHIND_NGINX),
    ...others
      .filter(({ mostBytes }) => mostBytes > one!.mostBytes + MOST_BYTES_MORE)
      .map(
        ({ name, mostBytes }) =>
          `${(mostBytes / 1e6).toFixed(0)} MB for ${name}, for one ${(one!.mostBytes / 1e6).toFixed(0)}`,
      ),
  ]
}
