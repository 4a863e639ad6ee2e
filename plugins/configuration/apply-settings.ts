// Asks the engine to bring a plugin to settings, by `engine::settings::apply`: in place where the plugin can, else by a new generation.
import type { JsonObject } from '../../base/values/json-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import { InvocationError } from '../../sdk/errors.ts'
import type { Handle } from '../../sdk/handle.ts'

/** How long the engine may take: it may have to wait for other changes, and for a drain, stop and start, and for going back. Default 60 s. */
export const APPLY_MS = 60_000

/** Rejects with the engine's code and message when the plugin does not run with them, with `timeout` when that is not known. */
export async function applySettings(
  iii: Pick<Handle, 'trigger'>,
  plugin: string,
  config: JsonObject,
  timeoutMs = APPLY_MS,
): Promise<void> {
  try {
    await iii.trigger({ function_id: 'engine::settings::apply', payload: { plugin, config }, timeoutMs })
  } catch (error) {
    if (!(error instanceof InvocationError)) throw error
    if (error.code === 'TIMEOUT') {
      const message = `'${plugin}' does not run with the new settings after ${timeoutMs} ms; they are taken back`
      throw new CodedError('timeout', message, { cause: error })
    }
    // The handle puts the code in front; whoever called `configuration::set` gets it as a member.
    throw new CodedError(error.code, error.message.slice(error.code.length + 2), { cause: error })
  }
}
