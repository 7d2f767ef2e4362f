import type { ModelProfile } from '../model-profile.ts'
import { common } from './common.ts'

/** A CPE with the Device:2 data model (TR-181). */
export const deviceProfile: ModelProfile = {
  ...common,
  name: 'default-device',
  match: { root: 'Device.' },
  versionParameter: 'Device.DeviceInfo.SoftwareVersion',
  settings: ['Device.WiFi.SSID.1.SSID', 'Device.Users.User.1.Username'],
  sentinels: ['Device.DeviceInfo.ProvisioningCode'],
  wanStatus: { path: 'Device.IP.Interface.1.Status', upValues: ['Up'] },
}

/** A CPE with the InternetGatewayDevice:1 data model (TR-098). */
export const internetGatewayDeviceProfile: ModelProfile = {
  ...common,
  name: 'default-internet-gateway-device',
  match: { root: 'InternetGatewayDevice.' },
  versionParameter: 'InternetGatewayDevice.DeviceInfo.SoftwareVersion',
  settings: ['InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.SSID'],
  sentinels: ['InternetGatewayDevice.DeviceInfo.ProvisioningCode'],
  wanStatus: {
    path: 'InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ConnectionStatus',
    upValues: ['Connected'],
  },
}
