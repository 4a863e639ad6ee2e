// A running entry of `iii-exec`: its commands are run once workers can connect, again when files change, and end with it.
import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../base/time/clock.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import { type ExecConfig, execSettings } from './config.ts'
import { Restarts } from './restarts.ts'
import { Run, STOP_MS } from './run.ts'
import { Runs } from './runs.ts'
import { urlVariables } from './shell.ts'
import { watchFiles } from './watch/start-watch.ts'

/** What runs code that is out of date need not be asked to end (spec 04 part D). */
const OUT_OF_DATE_MS = 0

export function startExec(
  { config, processes, log, engine, reportHealth }: PluginContext<ExecConfig>,
  clock: Clock,
): RunningPlugin<ExecConfig> {
  const { commands, patterns, maxRestarts } = execSettings(config)
  let env: Readonly<Record<string, string>> | undefined
  let isRunning = false
  const runs = new Runs(
    () =>
      new Run({
        commands,
        env: env ?? {},
        restarts: new Restarts(maxRestarts),
        processes,
        log,
        clock,
        onProblem: (problem) =>
          reportHealth(
            'exec',
            problem === undefined ? { status: 'healthy' } : { status: 'degraded', details: { error: problem } },
          ),
      }),
  )
  const files = watchFiles(patterns, {
    clock,
    log,
    projectRoot: engine.projectRoot,
    onChange: () => {
      if (isRunning) runs.again(OUT_OF_DATE_MS)
    },
  })
  return {
    async listening(url) {
      const wanted = urlVariables(url)
      if (isDeepStrictEqual(wanted, env)) return
      env = wanted
      await files.ready
      isRunning = true
      runs.again(STOP_MS)
    },
    stop() {
      files.close()
      return runs.close(STOP_MS)
    },
  }
}
