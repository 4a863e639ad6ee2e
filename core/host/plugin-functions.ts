// `engine::plugins::*` (spec 09 §3) as functions of their input; the engine registers them on its own link.
import { CodedError } from '../../protocol/errors.ts'
import { INFO_ANSWER, LIST_ANSWER, RELOAD_ANSWER, STATE_ANSWER, STATES } from './plugin-answers.ts'
import type { PluginHost } from './plugin-host.ts'
import type { ShownState } from './table/plugin-rows.ts'

export interface PluginFunction {
  readonly description: string
  readonly request_format: unknown
  readonly response_format: unknown
  readonly handler: (input: unknown) => Promise<unknown>
}

const NAME = { type: 'string', description: 'Name of the plugin, or of one of its instances' }
const FORCE = {
  type: 'boolean',
  default: false,
  description: 'Calls in flight fail with invocation_stopped instead of being waited for',
}

export function pluginFunctions(host: PluginHost): ReadonlyMap<string, PluginFunction> {
  return new Map<string, PluginFunction>([
    [
      'engine::plugins::list',
      {
        description: 'Plugins with their state and figures, sorted by name.',
        request_format: { type: 'object', properties: { state: { type: 'string', enum: STATES } } },
        response_format: LIST_ANSWER,
        async handler(input) {
          const { state } = membersOf(input)
          if (state !== undefined && state !== null && !STATES.includes(state as ShownState)) {
            throw wrongShape(`'state' must be one of ${STATES.join(', ')}, not ${JSON.stringify(state)}`)
          }
          const rows = await host.list()
          return { plugins: typeof state === 'string' ? rows.filter((row) => row.state === state) : rows }
        },
      },
    ],
    [
      'engine::plugins::info',
      {
        description: 'One plugin: its row, configuration, schema, functions, trigger types and history.',
        request_format: { type: 'object', properties: { name: NAME }, required: ['name'] },
        response_format: INFO_ANSWER,
        handler: async (input) => host.info(nameOf(input)),
      },
    ],
    [
      'engine::plugins::reload',
      {
        description: 'Makes a new generation of a plugin from its files; the old one serves until the new one runs.',
        request_format: { type: 'object', properties: { name: NAME, force: FORCE }, required: ['name'] },
        response_format: RELOAD_ANSWER,
        handler: async (input) => host.reload(nameOf(input), { force: forceOf(input) }),
      },
    ],
    [
      'engine::plugins::stop',
      {
        description: 'Stops a plugin until it is started or reloaded.',
        request_format: { type: 'object', properties: { name: NAME, force: FORCE }, required: ['name'] },
        response_format: STATE_ANSWER,
        handler: async (input) => host.stopPlugin(nameOf(input), { force: forceOf(input) }),
      },
    ],
    [
      'engine::plugins::start',
      {
        description: 'Starts a plugin that was stopped or failed.',
        request_format: { type: 'object', properties: { name: NAME }, required: ['name'] },
        response_format: STATE_ANSWER,
        handler: async (input) => host.startPlugin(nameOf(input)),
      },
    ],
  ])
}

function membersOf(input: unknown): Record<string, unknown> {
  if (input === null || input === undefined) return {}
  if (typeof input !== 'object' || Array.isArray(input))
    throw wrongShape(`the input must be an object, not ${JSON.stringify(input)}`)
  return input as Record<string, unknown>
}

function nameOf(input: unknown): string {
  const { name } = membersOf(input)
  if (typeof name !== 'string')
    throw wrongShape(`'name' must be the name of a plugin, not ${JSON.stringify(name) ?? 'missing'}`)
  return name
}

function forceOf(input: unknown): boolean {
  const { force = false } = membersOf(input)
  if (typeof force !== 'boolean') throw wrongShape(`'force' must be true or false, not ${JSON.stringify(force)}`)
  return force
}

function wrongShape(message: string): CodedError {
  return new CodedError('deserialization_error', message)
}
