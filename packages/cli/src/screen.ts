import type { WriteStream } from 'node:tty'
import type { Screen } from './command.ts'

/** Redraws a few lines in place. */
export function createScreen(out: WriteStream): Screen {
  let drawn = 0
  return {
    draw: (lines) => {
      const up = drawn === 0 ? '' : `\u001b[${drawn}A`
      const width = out.columns
      out.write(up + lines.map((line) => `\u001b[2K${line.slice(0, width)}\n`).join(''))
      // Lines that were there before and are not now.
      for (let extra = lines.length; extra < drawn; extra += 1) out.write('\u001b[2K\n')
      drawn = Math.max(lines.length, drawn)
    },
  }
}
