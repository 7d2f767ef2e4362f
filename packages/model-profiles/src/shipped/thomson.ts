import { departs } from './departs.ts'

/** SpeedTouch modems. */
export const thomson = departs(
  'thomson-speedtouch',
  { oui: '00147F', root: 'InternetGatewayDevice.' },
  {
    // Quirk 19, cpe-clients 3.2: bodies in ISO-8859-1, chunked.
    charset: 'iso-8859-1',
  },
)
