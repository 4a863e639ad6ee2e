// The function behind the seat `settings`: what the engine asks and tells of the settings of plugins. Nobody else can call it.
import { registerBuiltIn, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import { isJsonObject, type JsonObject } from '../../base/values/json-value.ts'
import { SEATS, type SettingsAnswer, type SettingsQuestion } from '../../protocol/seats.ts'
import type { ConfigurationSchema } from './entry.ts'
import type { PluginSettings, SettingsWish } from './plugin-settings.ts'

const OPS: readonly SettingsQuestion['op'][] = ['resolve', 'applied', 'removed']
const FROM: readonly SettingsAnswer['from'][] = ['file', 'stored']

export function registerSettingsSeat(iii: FunctionRegistrar, plugins: PluginSettings): void {
  registerBuiltIn<() => unknown>(iii, {
    id: SEATS.settings,
    description: 'Says which settings of a plugin count, and is told which are in force.',
    request: objectSchema({ op: { enum: OPS }, plugin: { type: 'string' } }, ['op', 'plugin']),
    response: objectSchema({ value: { type: 'object' }, from: { enum: FROM } }, []),
    decode: (input, reader) => {
      const plugin = reader.string(input, 'plugin')
      switch (reader.string(input, 'op') as SettingsQuestion['op']) {
        case 'resolve': {
          const wish = { plugin, ...readAbout(input, reader) }
          return (): SettingsAnswer => plugins.resolve(wish)
        }
        case 'applied': {
          const { description, file } = input
          const told = {
            plugin,
            ...readAbout(input, reader),
            description: typeof description === 'string' ? description : '',
            value: readObject(input, reader, 'value'),
            file: typeof file === 'string' ? file : null,
          }
          return () => plugins.applied(told)
        }
        case 'removed':
          return () => plugins.removed(plugin)
        default:
          return reader.wrong(input, 'op', 'resolve, applied or removed')
      }
    },
    run: (act) => act(),
  })
}

function readAbout(input: InputObject, reader: InputReader): Omit<SettingsWish, 'plugin'> {
  return {
    aliases: (input['aliases'] ?? []) as string[],
    schema: (input['schema'] ?? true) as ConfigurationSchema,
    config: readObject(input, reader, 'config'),
  }
}

function readObject(input: InputObject, reader: InputReader, member: string): JsonObject {
  const value = input[member]
  return isJsonObject(value) ? value : reader.wrong(input, member, 'an object')
}
