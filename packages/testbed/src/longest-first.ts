import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest of all, and those that start systems of many processes: more than half of the time of a run. */
const LONGEST = ['/test/kill/', '/test/bench/', '/test/end-to-end/', '/src/scheduler.', '/test/mutants/']

/** So that at the end of a run no worker waits for another; where the run before has left its times, those count. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    if (files.every((file) => this.ctx.cache.getTestSpecificationResult(file) !== undefined)) return sorted
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || rankOf(a) - rankOf(b))
  }
}

const groupOf = ({ project }: TestSpecification) => project.config.sequence.groupOrder

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.findIndex((folder) => moduleId.includes(folder))
  return rank === -1 ? LONGEST.length : rank
}
