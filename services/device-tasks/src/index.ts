export { type DeviceTasksSettings, settings } from './config.ts'
export { type DeviceTasks, type DeviceTasksParts, createDeviceTasks } from './device-tasks.ts'
