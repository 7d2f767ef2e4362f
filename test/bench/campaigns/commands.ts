import { benchHints } from './hints.ts'
import { benchInforms } from './informs.ts'
import { benchUpgrades } from './upgrades.ts'

/** What `pnpm bench <name>` measures beside idle sessions. */
export const commands: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  upgrades: benchUpgrades,
  informs: benchInforms,
  hints: benchHints,
}
