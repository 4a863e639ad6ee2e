// `engine::settings::apply`: by it the holder of the seat `settings` brings a plugin to what was set at run time. For nobody else.
import { CodedError } from '../../protocol/errors.ts'
import { reading, answerSchema, objectSchema, OBJECT, STRING, type EngineFunction } from '../model/engine-function.ts'
import type { Seat } from '../seats/seat.ts'
import type { Config } from './generations/plugin-settings.ts'
import type { HowApplied } from './generations/plugin-turns.ts'

const ID = 'engine::settings::apply'

export function settingsFunction(
  seat: Pick<Seat<never, unknown>, 'holder'>,
  apply: (plugin: string, config: Config) => Promise<HowApplied>,
): EngineFunction {
  return {
    id: ID,
    description: 'Brings a plugin to settings. Called by the worker that keeps them.',
    requestFormat: objectSchema({ plugin: STRING, config: OBJECT }, ['plugin', 'config']),
    responseFormat: answerSchema({ how: { enum: ['unchanged', 'in_place', 'generation'] } }),
    internal: true,
    handler: reading(ID, async (input, { caller }) => {
      const { holder } = seat
      if (holder === undefined || caller.slot !== holder)
        throw new CodedError('FORBIDDEN', `only the worker that keeps settings may call this; ${whereToSet(holder)}`)
      const config = input.value('config')
      if (typeof config !== 'object' || Array.isArray(config))
        throw new CodedError('deserialization_error', `${ID}: 'config' must be an object`)
      return { how: await apply(input.requiredString('plugin'), config as Config) }
    }),
  }
}

function whereToSet(holder: Seat<never, unknown>['holder']): string {
  return holder === undefined ? 'none runs' : `set them with the functions of '${holder.name}'`
}
