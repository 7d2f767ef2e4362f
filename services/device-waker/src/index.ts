export { settings } from './config.ts'
export { createDeviceWaker, type DeviceWaker, type DeviceWakerParts, type DeviceWakerSettings } from './device-waker.ts'
