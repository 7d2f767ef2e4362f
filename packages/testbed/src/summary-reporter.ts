import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/** Says at the very end, alone on a line, `N passed, N failed` (`, N skipped`), after the list of skipped tests and their reasons. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const brokenModules = modules.filter(
      (module) => module.state() === 'failed' && [...module.children.allTests('failed')].length === 0,
    )
    const count = (state: 'passed' | 'failed' | 'skipped') =>
      tests.filter((test) => test.result().state === state).length

    const skipped = tests.filter((test) => test.result().state === 'skipped')
    const lines = skipped.map((test) => {
      const result = test.result()
      const reason = (result.state === 'skipped' && result.note) || 'no reason given'
      return `skipped: ${test.module.relativeModuleId} > ${test.fullName} (${reason})`
    })
    // A run that could not even start (its servers are missing, say) has no failed test, and has not passed.
    const failed = Math.max(
      count('failed') + brokenModules.length + unhandledErrors.length,
      reason === 'passed' ? 0 : 1,
    )
    const total = `${count('passed')} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`

    // The default reporter prints its own summary in the same turn; ours has to come after it.
    process.once('exit', () => process.stdout.write(`\n${[...lines, total].join('\n')}\n`))
  }
}
