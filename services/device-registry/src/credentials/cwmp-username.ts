const LONGEST = 256

/**
 * The user name of a device that has none of its own: its readable name (TR-069 3.4.4), or its key where that
 * would not fit ManagementServer.Username.
 */
export function cwmpUsername(device: { readonly deviceKey: string; readonly name: string }): string {
  return device.name.length <= LONGEST ? device.name : device.deviceKey
}
