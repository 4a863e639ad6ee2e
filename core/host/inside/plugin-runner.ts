// Runs plugins inside a thread or process of their own: carries out what the plugin host asks for, one request at a time and plugin.
import { flushCompileCache } from 'node:module'
import { mkdirSync } from 'node:fs'
import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import { CodedError, toErrorBody } from '../../../protocol/errors.ts'
import { PluginHandle } from '../../../sdk/plugin-handle.ts'
import type { PluginContext, PluginDefinition, PluginLog, Rest, RunningPlugin } from '../../../sdk/plugin.ts'
import type { FrameEnd } from '../../../sdk/transports/frame-end.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'
import type {
  HostReplies,
  HostRequest,
  LogLevel,
  PluginMessage,
  StartContext,
  Usage,
  Used,
} from '../containers/host-messages.ts'
import type { ProcessEvent } from '../processes/process-messages.ts'
import { OwnHealth } from './own-health.ts'
import { OwnProcesses } from './own-processes.ts'
import { readDefinition } from './read-definition.ts'

interface Member {
  definition?: PluginDefinition
  running?: RunningPlugin | undefined
  handle?: PluginHandle
  processes?: OwnProcesses
  readonly abort: AbortController
}

export class PluginRunner {
  readonly #end: () => FrameEnd
  readonly #onStarted: () => void
  readonly #importModule: (url: string) => Promise<unknown>
  readonly #members = new Map<number, Member>()
  #utilization: EventLoopUtilization = performance.eventLoopUtilization()

  /**
   * `end` is asked for late: the connection hands out frames from the moment that it exists.
   * @param onStarted a plugin has started
   */
  constructor(
    end: () => FrameEnd,
    onStarted: () => void,
    importModule = (url: string): Promise<unknown> => import(url),
  ) {
    this.#end = end
    this.#onStarted = onStarted
    this.#importModule = importModule
  }

  readonly onHost = (member: number, message: unknown): void => {
    if (isProcessEvent(message)) return this.#members.get(member)?.processes?.receive(message)
    const request = message as HostRequest
    if (request.op === 'nudge') return
    if (request.op === 'listening') return void this.#listening(member, request.url)
    this.#carryOut(member, request).then(
      (ok) => this.#send(member, { re: request.op, ok }),
      (error: unknown) => this.#send(member, { re: request.op, error: toErrorBody(error) }),
    )
  }

  async #carryOut(
    member: number,
    request: Exclude<HostRequest, { op: 'nudge' | 'listening' }>,
  ): Promise<HostReplies[HostRequest['op']]> {
    switch (request.op) {
      case 'load':
        return this.#load(member, request.plugin, request.url)
      case 'start':
        return this.#start(member, request.context)
      case 'reconfigure':
        return this.#reconfigure(member, request.config)
      case 'stop': {
        const { running, handle, processes, abort } = this.#member(member)
        try {
          await running?.stop?.({ reason: request.reason })
        } finally {
          handle?.passCallsOn()
          processes?.close()
          abort.abort()
          this.#members.delete(member)
        }
        return null
      }
      case 'read':
        return null
      case 'usage':
        return this.#usage()
    }
  }

  async #load(member: number, plugin: string, url: string): Promise<PluginDeclaration> {
    const module = (await this.#importModule(url)) as { default?: unknown }
    const { definition, declaration } = readDefinition(plugin, module.default)
    this.#members.set(member, { definition, abort: new AbortController() })
    return declaration
  }

  async #start(number: number, start: StartContext): Promise<null> {
    const member = this.#member(number)
    const { definition } = member
    if (definition === undefined) throw new CodedError('PLUGIN_START_FAILED', 'start before load')
    const log = this.#log(number)
    const handle = new PluginHandle(this.#end().member(number, start.engine.url), {
      onProblem: (problem) => log.warn(problem),
    })
    member.handle = handle
    const health = new OwnHealth((part, state) => this.#send(number, { health: part, state }))
    const rest = start.rests ? restOf((used) => this.#send(number, { used })) : undefined
    const context = pluginContext(start, handle, log, health.report, rest, member.abort.signal, (dataDir) => {
      member.processes = new OwnProcesses({
        send: (process) => this.#send(number, { process }),
        projectRoot: start.engine.projectRoot,
        dataDir,
        warn: (message) => log.warn(message),
      })
      return member.processes
    })
    member.running = (await definition.start(context)) ?? undefined
    this.#tellAddresses(number)
    setImmediate(flushCompileCache)
    this.#onStarted()
    return null
  }

  async #reconfigure(number: number, config: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { running } = this.#member(number)
    if (running?.reconfigure === undefined) return false
    if ((await running.reconfigure(deepFreeze(config))) === false) return false
    this.#tellAddresses(number)
    return true
  }

  async #listening(number: number, url: string): Promise<void> {
    try {
      await this.#members.get(number)?.running?.listening?.(url)
    } catch (error) {
      this.#log(number).error(`listening() failed: ${toErrorBody(error).message}`)
    }
  }

  #tellAddresses(number: number): void {
    const { running } = this.#member(number)
    if (running?.addresses === undefined) return
    try {
      this.#send(number, { addresses: textsOf(running.addresses()) })
    } catch (error) {
      // It runs, only nobody is told where.
      this.#log(number).warn(`addresses() failed: ${toErrorBody(error).message}`)
    }
  }

  #log(member: number): PluginLog {
    const write = (log: LogLevel) => (message: string, data?: unknown) =>
      this.#send(member, data === undefined ? { log, message } : { log, message, data: plain(data) })
    return {
      trace: write('trace'),
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    }
  }

  #usage(): Usage {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    this.#utilization = now
    return { memoryBytes: process.memoryUsage().rss, eventLoopUtilization: utilization }
  }

  #member(number: number): Member {
    const member = this.#members.get(number)
    if (member === undefined) throw new CodedError('PLUGIN_START_FAILED', 'the plugin is not loaded')
    return member
  }

  #send(member: number, message: PluginMessage): void {
    this.#end().sendHost(member, message)
  }
}

function isProcessEvent(message: unknown): message is ProcessEvent {
  return typeof message === 'object' && message !== null && 'process' in message
}

function pluginContext(
  start: StartContext,
  iii: PluginHandle,
  log: PluginLog,
  reportHealth: PluginContext['reportHealth'],
  rest: Rest | undefined,
  signal: AbortSignal,
  processesOf: (dataDir: () => string) => OwnProcesses,
): PluginContext {
  const { replica, instance, engine, dataDir } = start
  let created = false
  const ownFolder = (): string => {
    if (!created) mkdirSync(dataDir, { recursive: true })
    created = true
    return dataDir
  }
  return {
    iii,
    config: deepFreeze(start.config),
    log,
    get dataDir() {
      return ownFolder()
    },
    signal,
    replica,
    instance,
    engine,
    processes: processesOf(ownFolder),
    reportHealth,
    ...(rest !== undefined && { rest }),
  }
}

function restOf(tell: (used: Used) => void): Rest {
  let isOver = false
  const once = (used: Used) => () => {
    if (!isOver) tell(used)
    isOver = true
  }
  return { leave: once('leaves'), stay: once('stays') }
}

function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new TypeError('it must return a list of texts')
}

/** What a plugin logs need not be JSON; a log line must never be the reason that it fails. */
function plain(data: unknown): unknown {
  if (data instanceof Error) return { name: data.name, message: data.message, stack: data.stack }
  try {
    JSON.stringify(data)
    return data
  } catch {
    return String(data)
  }
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}
