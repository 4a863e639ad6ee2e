// `iii-exec`: runs commands beside the engine, such as the worker of an application (spec 04 part D).
import { systemClock } from '../../base/time/clock.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { EXEC_CONFIG_SCHEMA, type ExecConfig } from './config.ts'
import { startExec } from './start.ts'

export default definePlugin<ExecConfig>({
  name: 'iii-exec',
  description: 'Runs commands with the engine, and again when files change.',
  config: EXEC_CONFIG_SCHEMA,
  isolation: 'shared',
  repeatable: true,
  start: (context) => startExec(context, systemClock),
})
