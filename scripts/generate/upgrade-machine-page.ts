import { type Transition, transitions } from '../../packages/rollout/src/index.ts'

/** Every move of the upgrade machine, found by walking the machine itself. */
export function upgradeMachinePage(): string {
  const byFrom = Map.groupBy(transitions(), (transition: Transition) => transition.from)
  const sections = [...byFrom]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .flatMap(([from, moves]) => sectionOf(from, moves))
  return [
    '# The upgrade machine, move by move',
    '',
    'Made by walking the machine of `packages/rollout`. A fact that is not listed changes no state there: it is kept as evidence, or ignored with a reason. Why it is built so: [DESIGN.md](../../packages/rollout/DESIGN.md).',
    '',
    ...sections,
  ].join('\n')
}

function sectionOf(from: string, moves: readonly Transition[]): string[] {
  const byTo = Map.groupBy(moves, (move) => move.to)
  const rows = [...byTo]
    .filter(([to]) => to !== from)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(
      ([to, reached]) => `| ${to} | ${[...new Set(reached.map((move) => `\`${move.fact}\``))].toSorted().join(', ')} |`,
    )
  if (rows.length === 0) return []
  return [`## From ${from}`, '', '| to | on |', '|---|---|', ...rows, '']
}
