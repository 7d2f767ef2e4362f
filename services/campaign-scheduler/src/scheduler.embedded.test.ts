import { schedulerSuite } from './scheduler.suite.ts'

schedulerSuite('the scheduler on the embedded database')
