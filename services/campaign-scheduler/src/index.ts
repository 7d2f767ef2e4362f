export { type SchedulerSettings, defaultSettings } from './config.ts'
export { type Scheduler, type SchedulerParts, createScheduler } from './scheduler.ts'
