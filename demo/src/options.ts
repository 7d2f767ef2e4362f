import { parseArgs } from 'node:util'
import { type Act, ACTS } from './acts.ts'

export interface DemoOptions {
  readonly acts: readonly Act[]
  readonly devices: number
  /** Everything goes on until Ctrl-C, to be looked at. */
  readonly keep: boolean
}

const usage = `pnpm demo [--devices 200] [--act 1|2] [--keep]

Two releases for so many simulated routers (100 to 20000), the second of them bad; --act plays one of the two alone,
--keep goes on until Ctrl-C.
`

/** Ends the process with a sentence where an option makes no sense. */
export function readOptions(args: string[]): DemoOptions {
  const values = valuesOf(args)
  if (values.help) {
    process.stdout.write(usage)
    process.exit(0)
  }
  const devices = Number(values.devices)
  if (!Number.isInteger(devices) || devices < 100 || devices > 20_000) end('--devices is a number from 100 to 20000')
  const acts = values.act === undefined ? ACTS : ACTS.filter((_, index) => String(index + 1) === values.act)
  if (acts.length === 0) end(`--act is a number from 1 to ${ACTS.length}`)
  return { acts, devices, keep: values.keep }
}

function valuesOf(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        act: { type: 'string' },
        devices: { type: 'string', default: '200' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return end(error instanceof Error ? error.message : String(error))
  }
}

function end(why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(2)
}
