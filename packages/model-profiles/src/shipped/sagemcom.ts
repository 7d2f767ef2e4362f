import { departs, ROOTS, suffixOf } from './departs.ts'

export const sagemcom = ROOTS.map((root) =>
  departs(
    `sagemcom-${suffixOf(root)}`,
    { oui: '7C03D8', root },
    {
      // Quirk 25: its gSOAP stack refuses the root of the data model as a path.
      refusesRootPath: true,
    },
  ),
)
