// `iii-cron`: the trigger type `cron`, which fires at the times that an expression matches (spec 03 §7).
import { definePlugin } from '../../sdk/plugin.ts'
import { systemClock } from '../../base/time/clock.ts'
import { CRON_CONFIG_SCHEMA, type CronConfig } from './config.ts'
import { startCron } from './start.ts'

export default definePlugin<CronConfig>({
  name: 'iii-cron',
  description: 'Runs functions at times given by cron expressions.',
  config: CRON_CONFIG_SCHEMA,
  isolation: 'shared',
  start: (context) => startCron(context, systemClock),
})
