import { departs, ROOTS, suffixOf } from './departs.ts'

/** A C client of OpenWrt routers, where its product class was left as the client's name. */
export const easycwmp = ROOTS.map((root) =>
  departs(
    `easycwmp-${suffixOf(root)}`,
    { productClass: 'easycwmp', root },
    {
      // cpe-clients 3.1: fault 9003 unless URL, FileSize, CommandKey, FileType, Username, Password, DelaySeconds are there.
      downloadArguments: 'all',
    },
  ),
)
