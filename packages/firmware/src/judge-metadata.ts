import { against, inOrder, type Finding } from './finding.ts'
import type { Case } from './judge.ts'

/** What the image says of itself, held against what the operator said of it. Nothing where it says nothing. */
export function lookAtMetadata(the: Case): Finding[] {
  if (the.found.parsed.kind === 'refused') return []
  const { version, boards } = the.found.parsed.facts
  return [
    ...(version === null ? [] : [lookAtVersion(version, the)]),
    ...(boards === null ? [] : [lookAtBoards(boards, the)]),
  ]
}

/**
 * A campaign waits for the strings that devices report. The version that an image names has to be the one it was brought
 * in as, or among those strings: where a vendor numbers otherwise, the operator says so by adding it there.
 */
function lookAtVersion(said: string, { declared }: Case): Finding {
  if (said === declared.version || declared.softwareVersions.includes(said)) {
    return inOrder('version', `the image says ${said}`)
  }
  return against('version', 'version_mismatch', `brought in as ${declared.version}, the image says ${said}`)
}

/**
 * Boards by the image's own names. Those that the operator named have to be among them, and where he named none, the
 * hardware versions of the models: an image that fits more is in order, one that lacks one of them is not.
 */
function lookAtBoards(boards: readonly string[], { declared, fits }: Case): Finding {
  const named = declared.boards ?? [...new Set(fits.flatMap((model) => model.hardwareVersions ?? []))]
  const list = boards.join(', ')
  if (named.length === 0) return inOrder('board', `made for ${list}; nobody named a board it has to fit`)
  const missing = named.filter((board) => !boards.includes(board))
  if (missing.length === 0) return inOrder('board', `made for ${list}`)
  return against('board', 'board_mismatch', `made for ${list}; not for ${missing.join(', ')}`)
}
