import { departs } from './departs.ts'

/** A Python client for research, under the identity of a FRITZ!Box of 2014. */
export const honeyclient = departs(
  'honeyclient',
  { oui: '00040E', productClass: 'FRITZ!Box', softwareVersionBelow: '114', root: 'InternetGatewayDevice.' },
  {
    // cpe-clients 3.4: it answers Download with status 0 at once and never says TransferComplete.
    transferComplete: 'never',
  },
)
