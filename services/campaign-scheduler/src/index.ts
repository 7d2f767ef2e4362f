export { type SchedulerSettings, defaultSettings, settings } from './config.ts'
export { type Scheduler, type SchedulerParts, createScheduler } from './scheduler.ts'
