import { departs } from './departs.ts'

/** Vigor routers, by the OUIs they inform under. */
export const draytek = ['00507F', '001DAA'].map((oui) =>
  departs(
    `draytek-${oui.toLowerCase()}`,
    { oui, root: 'InternetGatewayDevice.' },
    {
      // Quirk 25: a Vigor 2860 reboots when it is asked for the root.
      refusesRootPath: true,
    },
  ),
)
