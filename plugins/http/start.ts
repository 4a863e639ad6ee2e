// Starts `iii-http` and hands it what the host says.
import { CodedError } from '../../protocol/errors.ts'
import type { PluginContext, RunningPlugin } from '../../sdk/plugin.ts'
import type { HttpConfig } from './config.ts'
import { registerHttpFunctions } from './functions.ts'
import { HttpWorker } from './http-worker.ts'
import { HTTP_TRIGGER_TYPE, LEGACY_TRIGGER_TYPE } from './trigger.ts'

export async function startHttp(context: PluginContext<HttpConfig>): Promise<RunningPlugin<HttpConfig>> {
  const { iii, replica } = context
  if (replica > 0)
    throw new CodedError(
      'PLUGIN_CONFIG_INVALID',
      "'replicas' of iii-http is 1: one thread owns the server and its routes",
    )
  const worker = new HttpWorker(context)
  await worker.open()
  for (const type of [HTTP_TRIGGER_TYPE, LEGACY_TRIGGER_TYPE]) iii.registerTriggerType(type, worker.triggers)
  registerHttpFunctions(iii)
  worker.watchTelemetry()
  return {
    listening: () => worker.ready(),
    async reconfigure(config) {
      await worker.reconfigure(config).catch(refused)
      return true
    },
    addresses: () => worker.urls,
    stop: ({ reason }) => worker.stop(reason === 'reload'),
  }
}

/** A new generation could not open the address either: the change is refused, and this one serves on. */
function refused(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new CodedError('PLUGIN_CONFIG_INVALID', reason, { cause: error })
}
