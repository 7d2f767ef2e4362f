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

function createLiveView(out: NodeJS.WriteStream, say: (line: string) => void): View {
  let screen: Screen | null = null
  const show = (campaign: Campaign) => {
    screen ??= createScreen(out)
    screen.draw(campaignLines(campaign).slice(1))
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
  let states = ''
  let saidAt = 0
  const print = (campaign: Campaign) => {
    saidAt = performance.now()
    for (const line of campaignLines(campaign).slice(1)) if (!line.endsWith('closed')) say(line)
  }
  return {
    say,
    show: (campaign) => {
      const now = campaign.waves.map((wave) => wave.state).join()
      if (now === states && performance.now() - saidAt < PLAIN_EVERY_MS) return
      states = now
      print(campaign)
    },
    rest: print,
  }
}
