import { type MigrationPlan, createJournal } from '@sluice/sql'
import { migrations } from './migrations.ts'

const schema = 'scheduler'

/** Everything that the scheduler keeps. */
export const schedulerSchema: MigrationPlan = {
  schema,
  migrations: [...createJournal(schema).migrations, ...migrations],
}
