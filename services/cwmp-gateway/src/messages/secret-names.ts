/**
 * Whether the value of a parameter is a secret, by the end of its name: in TR-181, TR-098 and TR-104, and vendors' own that
 * are named likewise. Instance numbers at the end say nothing (`WEPKey.1`).
 */
export function isSecretName(name: string): boolean {
  const path = name.trim()
  // No parameter is called so (TR-106: 256 characters).
  return path.length > MAX_NAME || SECRET.test(path.replace(/[.\d]+$/, ''))
}

const MAX_NAME = 256

const SECRET =
  /(?:password|passwd|pwd|passphrase|passcode|presharedkey|psk|wepkey|sharedkey|privatekey|authkey|encryptionkey|secretkey|apikey|secret|token|pin|puk|voucher|community|communitystring|communityname)$/i
