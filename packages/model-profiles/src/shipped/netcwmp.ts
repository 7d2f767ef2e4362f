import { departs } from './departs.ts'

/** A small C client, with the identity it ships with. */
export const netcwmp = departs(
  'netcwmp',
  { oui: 'A00001', productClass: 'OT2800', root: 'InternetGatewayDevice.' },
  {
    // cpe-clients 3.3: it wraps a reply in an element of its own, so a declaration makes it unreadable.
    xmlDeclaration: false,
  },
)
