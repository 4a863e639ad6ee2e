// Runs the configuration plugin alone on the real router. The test stands in for the plugin host: it asks the seat and applies settings.
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ConfigurationConfig } from '../../../plugins/configuration/config.ts'
import configurationPlugin from '../../../plugins/configuration/index.ts'
import { CodedError, type ErrorBody } from '../../../protocol/errors.ts'
import { definePlugin, type PluginContext } from '../../../sdk/plugin.ts'
import {
  collectingLog,
  startTestEngine,
  type BoundTrigger,
  type TestEngine,
  type TestPlugin,
  type TestWorker,
} from '../../../testing/index.ts'
import { Collector } from '../../support/deadline.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export interface ChangeEvent {
  type: string
  event_type: string
  id: string
  name: string
  description: string
  schema: unknown
  old_value: unknown
  new_value: unknown
  metadata?: unknown
}

type Settings = Record<string, unknown>

export const STATE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    adapter: { type: 'object' },
    triggers_enabled: { type: 'boolean', default: true },
    max_value_bytes: { type: 'integer' },
  },
}

export class RunningConfiguration {
  readonly folder: string
  readonly engine: TestEngine
  /** Of all its generations. */
  readonly log = collectingLog()
  /** What plugins were brought to, oldest first. */
  readonly applied: { plugin: string; config: Settings }[] = []
  /** In place of the plugin host. */
  onApply: (plugin: string, config: Settings) => unknown = () => ({ how: 'in_place' })
  readonly #config: ConfigurationConfig
  readonly #worker: TestWorker
  readonly #bound = new Map<string, BoundTrigger>()
  #plugin: TestPlugin | undefined
  #bindings = 0

  constructor(engine: TestEngine, folder: string, config: ConfigurationConfig) {
    this.engine = engine
    this.folder = folder
    this.#config = config
    this.#worker = engine.connect()
  }

  /** The function by which the plugin asks for settings to be applied. */
  async standInForHost(): Promise<void> {
    const host = definePlugin({
      name: 'stand-in-for-host',
      start: ({ iii }) => {
        iii.registerFunction('engine::settings::apply', async (input: { plugin: string; config: Settings }) => {
          this.applied.push({ plugin: input.plugin, config: input.config })
          return this.onApply(input.plugin, input.config)
        })
      },
    })
    await this.engine.run(host, { builtIn: true })
  }

  async start(): Promise<void> {
    const { start, ...definition } = configurationPlugin
    const logged = {
      ...definition,
      start: (context: PluginContext<ConfigurationConfig>) => start({ ...context, log: this.log }),
    }
    const options = { config: this.#config, builtIn: true, dataDir: join(this.folder, 'data') }
    this.#plugin = await this.engine.run(logged, options)
  }

  /** Rejects with an error that has `code` and the bare message. */
  call(functionId: string, payload?: unknown): Promise<any> {
    return this.#worker.trigger({ function_id: functionId, payload }).catch((error: ErrorBody) => {
      throw new CodedError(error.code, error.message.replace(`${error.code}: `, ''))
    })
  }

  register(id: string, more: object = {}): Promise<any> {
    return this.call('configuration::register', { id, schema: {}, ...more })
  }

  set(id: string, value: unknown): Promise<any> {
    return this.call('configuration::set', { id, value })
  }

  async get(id: string, more: object = {}): Promise<any> {
    return (await this.call('configuration::get', { id, ...more })).value
  }

  resolve(plugin: string, config: Settings, aliases: readonly string[] = []): Promise<any> {
    return this.#seat({ op: 'resolve', plugin, config, aliases })
  }

  /** Tells that a plugin runs, as the host does after its start. */
  async plugin(plugin: string, more: { config?: Settings; value?: Settings; [member: string]: unknown } = {}) {
    const { config = {}, value = { triggers_enabled: true, ...config }, ...rest } = more
    const about = { aliases: [], description: `Settings of ${plugin}.`, schema: STATE_SCHEMA, file: null, ...rest }
    await this.#seat({ op: 'applied', plugin, config, value, ...about })
  }

  removed(plugin: string): Promise<unknown> {
    return this.#seat({ op: 'removed', plugin })
  }

  provide(functionId: string, handler: (input: any, metadata?: unknown) => unknown): void {
    this.#worker.registerFunction(functionId, handler as never)
  }

  async bind(config: unknown, functionId: string, more: { id?: string; metadata?: unknown } = {}): Promise<string> {
    const id = more.id ?? `binding-${++this.#bindings}`
    const { metadata } = more
    const bound = await this.engine.bind({ id, type: 'configuration', function_id: functionId, config, metadata })
    this.#bound.set(id, bound)
    return id
  }

  unbind(id: string): void {
    this.#bound.get(id)?.unregister()
  }

  async collect(config: unknown = {}): Promise<Collector<ChangeEvent>> {
    const events = new Collector<ChangeEvent>()
    const functionId = `test::collect-${this.#bindings + 1}`
    this.provide(functionId, (event: ChangeEvent) => events.add(event))
    await this.bind(config, functionId)
    return events
  }

  async reconfigure(config: ConfigurationConfig): Promise<boolean> {
    return (await this.#plugin?.reconfigure(config)) ?? false
  }

  async stop(): Promise<void> {
    await this.#plugin?.stop({ reason: 'reload' })
    this.#plugin = undefined
  }

  /** Warnings so far. */
  get warnings(): string[] {
    return this.log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
  }

  #seat(input: object): Promise<any> {
    return this.call('engine::seat::settings', input)
  }
}

/** Started, in a folder of its own unless told otherwise; stopped when the test is over. */
export async function runConfiguration(
  config: ConfigurationConfig = {},
  folder = tempFolder(),
): Promise<RunningConfiguration> {
  const engine = await startTestEngine({ projectRoot: folder })
  onTestFinished(() => engine.close())
  const running = new RunningConfiguration(engine, folder, config)
  await running.standInForHost()
  await running.start()
  return running
}
