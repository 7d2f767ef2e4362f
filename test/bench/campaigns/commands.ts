type Command = (args: readonly string[]) => Promise<void>

/** What `pnpm bench <name>` measures beside idle sessions. Loaded when it is asked for: memory of one is measured. */
export const commands: Readonly<Record<string, Command>> = {
  plan: async (args) => (await import('./plan.ts')).benchPlan(args),
  upgrades: async (args) => (await import('./upgrades.ts')).benchUpgrades(args),
  informs: async (args) => (await import('./informs.ts')).benchInforms(args),
  storm: async (args) => (await import('./storm.ts')).benchStorm(args),
  growth: async (args) => (await import('./growth.ts')).benchGrowth(args),
  machine: async (args) => (await import('./machine.ts')).benchMachine(args),
  verify: async (args) => (await import('../verify.ts')).benchVerify(args),
  files: async (args) => (await import('../files/files.ts')).benchFiles(args),
  hints: async (args) => (await import('./hints.ts')).benchHints(args),
}
