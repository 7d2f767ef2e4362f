import { departs, ROOTS, suffixOf } from './departs.ts'

/** Small cells, and the enodeBs that behave like them. */
export const baicells = ROOTS.map((root) =>
  departs(
    `baicells-${suffixOf(root)}`,
    { oui: '48BF74', root },
    {
      // Quirk 45: a read of the whole tree takes 168 s, a reboot 110 s.
      answerMs: 240_000,
      rebootMs: 1_800_000,
      // Quirk 46: it takes no configuration for ten minutes after a boot.
      postBootHoldOffMs: 600_000,
      // Quirk 17: values with control characters.
      repairs: { controlCharacters: true, ampersands: false },
    },
  ),
)
