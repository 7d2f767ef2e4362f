import { departs } from './departs.ts'

/** A JavaScript simulator under the identity of a Huawei BM632w. It takes replies with a declaration and without. */
export const genieacsSim = departs(
  'genieacs-sim',
  { oui: '202BC1', productClass: 'BM632w', root: 'InternetGatewayDevice.' },
  {
    // cpe-clients 3.4: it dies over a path it does not have, so one name a time.
    namesPerRead: 1,
    xmlDeclaration: false,
  },
)
