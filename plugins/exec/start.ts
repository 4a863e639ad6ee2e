// A running entry of `iii-exec`: its commands are run once workers can connect, and end with it.
import type { Clock } from '../../base/time/clock.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { type ExecConfig, execSettings } from './config.ts'
import { Restarts } from './restarts.ts'
import { Run, STOP_MS } from './run.ts'
import { Runs } from './runs.ts'
import { urlVariables } from './shell.ts'

export function startExec(
  { config, processes, log }: PluginContext<ExecConfig>,
  clock: Clock,
): RunningPlugin<ExecConfig> {
  const { commands, maxRestarts } = execSettings(config)
  let env: Readonly<Record<string, string>> | undefined
  const runs = new Runs(
    () =>
      new Run({
        commands,
        env: env ?? {},
        restarts: new Restarts(maxRestarts),
        processes,
        log,
        clock,
        onProblem: () => {},
      }),
  )
  return {
    listening(url) {
      const wanted = urlVariables(url)
      const isOther = JSON.stringify(wanted) !== JSON.stringify(env)
      env = wanted
      if (isOther) runs.again(STOP_MS)
    },
    stop: () => runs.close(STOP_MS),
  }
}
