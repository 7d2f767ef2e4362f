/** What became of one connection request; the words of device.woken. `asked`: sent, and nobody says whether it was heard (UDP). */
export type Outcome =
  | 'accepted'
  | 'asked'
  | 'busy'
  | 'unauthorized'
  | 'refused_address'
  | 'unreachable'
  | 'no_address'
  | 'gave_up'

export type Method = 'http' | 'xmpp' | 'udp'
