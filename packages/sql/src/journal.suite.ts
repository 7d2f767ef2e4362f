import { describe } from 'vitest'
import type { Sql } from './index.ts'
import { journalChainSuite } from './journal-chain.suite.ts'
import { journalFollowSuite } from './journal-follow.suite.ts'
import { journalRowsSuite } from './journal-rows.suite.ts'
import { relaySuite } from './relay.suite.ts'
import { journalStand } from './testing/journal-stand.ts'

/** What the journal and the relay promise on both implementations. `open` gives an empty database. */
export function journalSuite(name: string, open: () => Promise<Sql>): void {
  describe(name, () => {
    const here = journalStand(open)
    journalRowsSuite(here)
    relaySuite(here)
    journalChainSuite(here)
    journalFollowSuite(here)
  })
}
