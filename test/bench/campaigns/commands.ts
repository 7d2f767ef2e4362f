import { benchGrowth } from './growth.ts'
import { benchHints } from './hints.ts'
import { benchInforms } from './informs.ts'
import { benchMachine } from './machine.ts'
import { benchPlan } from './plan.ts'
import { benchUpgrades } from './upgrades.ts'

/** What `pnpm bench <name>` measures beside idle sessions. */
export const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  plan: benchPlan,
  upgrades: benchUpgrades,
  informs: benchInforms,
  growth: benchGrowth,
  machine: benchMachine,
  hints: benchHints,
}
