export { obey } from './command-orders.ts'
export { createDevice, type Device, type DeviceState } from './device.ts'
export type { DeviceOutcome } from './cpe.ts'
export type { DataModel, Root, SubscriberSettings } from './model/data-model.ts'
export { faultByName, faultNames, faultsOfImage, isFaultName, type FaultName, type Faults } from './faults.ts'
export { createFleet, type DeviceCredentials, type Fleet, type FleetSettings } from './fleet.ts'
export {
  buildSimulatedImage,
  judgeImage,
  type ImageBehaviour,
  type ImageHeader,
  type ImageOrder,
  type ImageVerdict,
} from './image.ts'
export { openRecordFile, type Happening, type RecordFile, type RecordLine } from './record.ts'
export { deviceNameOf, type DeviceSettings, type Identity, type Neighbour, type TlsSettings } from './settings.ts'
export { testVendorKey, type VendorKey } from './vendor-key.ts'
export type { ReportOrder, UnitResult } from './write-reports.ts'
