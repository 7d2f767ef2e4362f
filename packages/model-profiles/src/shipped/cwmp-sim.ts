import { departs, ROOTS, suffixOf } from './departs.ts'

/** A TypeScript simulator, with the identity it ships with. */
export const cwmpSim = ROOTS.map((root) =>
  departs(
    `cwmp-sim-${suffixOf(root)}`,
    { oui: '000000', productClass: 'Simulator', root },
    {
      // cpe-clients 3.2, quirk 3: it never returns a cookie.
      cookieless: true,
    },
  ),
)
