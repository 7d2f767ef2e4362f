import { type Screen, campaignLines, createScreen } from '@sluice/cli'
import type { Campaign } from '@sluice/contracts'

export interface View {
  say(line: string): void
  /** The campaign as it stands: redrawn on a terminal, a line per change of a wave elsewhere. */
  show(campaign: Campaign): void
  /** The last look at a campaign: whatever comes next is written below it. */
  rest(campaign: Campaign): void
}

const PLAIN_EVERY_MS = 5_000

export function createView(out: NodeJS.WriteStream): View {
  const say = (line: string) => void out.write(`${line}\n`)
  return out.isTTY ? createLiveView(out, say) : createPlainView(say)
}

const bars = (campaign: Campaign) => campaignLines(campaign).slice(1, 1 + campaign.waves.length)

function createLiveView(out: NodeJS.WriteStream, say: (line: string) => void): View {
  let screen: Screen | null = null
  const show = (campaign: Campaign) => {
    screen ??= createScreen(out)
    screen.draw(bars(campaign))
  }
  return {
    say,
    show,
    rest: (campaign) => {
      show(campaign)
      screen = null
    },
  }
}

function createPlainView(say: (line: string) => void): View {
  const said = new Map<number, string>()
  let saidAt = 0
  const print = (campaign: Campaign) => {
    saidAt = performance.now()
    for (const [index, line] of bars(campaign).entries()) {
      if (line.endsWith('closed') || said.get(index) === line) continue
      said.set(index, line)
      say(line)
    }
  }
  return {
    say,
    show: (campaign) => {
      if (performance.now() - saidAt >= PLAIN_EVERY_MS) print(campaign)
    },
    rest: (campaign) => {
      print(campaign)
      said.clear()
    },
  }
}
