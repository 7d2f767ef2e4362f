import { departs } from './departs.ts'

/** The CWMP client of prplOS gateways. */
export const prplos = departs(
  'prplos',
  { productClass: 'prplOS', root: 'Device.' },
  {
    // cpe-clients 3.1: fault 9002 on empty TargetFileName, SuccessURL or FailureURL, and on any FileSize.
    downloadArguments: 'minimal',
  },
)
