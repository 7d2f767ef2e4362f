import { departs } from './departs.ts'

export const jiuzhou = departs(
  'jiuzhou',
  { oui: '990102', root: 'InternetGatewayDevice.' },
  {
    // cpe-clients 3.3, quirk 17: bytes that are no characters in CommandKey.
    repairs: { controlCharacters: true, ampersands: false },
  },
)
