// A running cron worker: settings, locks, scheduler and triggers put together, on a clock that is handed in.
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import type { Clock } from '../../base/time/clock.ts'
import { type CronConfig, cronSettings } from './config.ts'
import { Jobs } from './jobs.ts'
import { isSameChoice, openLocks } from './locks/adapters.ts'
import { RememberedFires } from './remembered-fires.ts'
import { Scheduler } from './scheduler.ts'
import { TimeZones } from './time-zone.ts'
import { CRON_TRIGGER_TYPE } from './trigger.ts'

export async function startCron(context: PluginContext<CronConfig>, clock: Clock): Promise<RunningPlugin<CronConfig>> {
  const { iii, log } = context
  let settings = cronSettings(context.config)
  let locks = await openLocks(settings.adapter, { clock, log })
  const folder = (): string => context.dataDir
  const jobs = new Jobs(settings, {
    iii,
    log,
    clock,
    folder,
    scheduler: new Scheduler(clock),
    zones: new TimeZones(),
    fires: new RememberedFires({ folder, log, maxSetBackMs: () => settings.maxSetBackMs }),
    locks: () => locks,
  })
  iii.registerTriggerType(CRON_TRIGGER_TYPE, jobs)

  return {
    async reconfigure(config) {
      const changed = cronSettings(config)
      if (!isSameChoice(changed.adapter, settings.adapter)) {
        const old = locks
        locks = await openLocks(changed.adapter, { clock, log })
        await old.close()
      }
      settings = changed
      jobs.configure(changed)
      return true
    },
    async stop({ reason }) {
      await jobs.stop(reason)
      await locks.close()
    },
  }
}
