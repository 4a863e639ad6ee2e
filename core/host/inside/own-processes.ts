// `context.processes` inside a plugin's thread or process: asks the host to start processes, and tells the plugin what becomes of them.
import { resolve as resolvePath } from 'node:path'
import { CodedError } from '../../../protocol/errors.ts'
import type { PluginProcess, PluginProcesses, ProcessExit, ProcessOptions, ProcessStream } from '../../../sdk/plugin.ts'
import type { ProcessEvent, ProcessRequest } from '../processes/process-messages.ts'

/** What a process gets, once told to end, before it is killed. */
const STOP_MS = 5_000

export interface OwnProcessesDeps {
  readonly send: (request: ProcessRequest) => void
  readonly projectRoot: string
  /** The plugin's folder, made on first use. */
  readonly dataDir: () => string
  readonly warn: (message: string) => void
}

interface Known {
  readonly started: { resolve(process: PluginProcess): void; reject(error: Error): void }
  readonly exited: PromiseWithResolvers<ProcessExit>
  readonly name: string
  readonly onLine: ((line: string, stream: ProcessStream) => void) | undefined
}

export class OwnProcesses implements PluginProcesses {
  readonly #deps: OwnProcessesDeps
  readonly #known = new Map<number, Known>()
  #nextId = 0
  #closed = false

  constructor(deps: OwnProcessesDeps) {
    this.#deps = deps
  }

  readonly start = async (options: ProcessOptions): Promise<PluginProcess> => {
    check(options)
    if (this.#closed) throw new CodedError('invocation_stopped', 'the plugin has been stopped: it starts no process')
    const { command, args = [], cwd, env = {}, name = command, logFile, stop_ms: stopMs = STOP_MS, onLine } = options
    const { send, projectRoot, dataDir } = this.#deps
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const exited = Promise.withResolvers<ProcessExit>()
      this.#known.set(id, { started: { resolve, reject }, exited, name, onLine })
      send({
        op: 'start',
        id,
        name,
        order: {
          command,
          args,
          cwd: resolvePath(projectRoot, cwd ?? '.'),
          env,
          logFile: logFile === undefined ? null : resolvePath(dataDir(), logFile),
          stopMs,
        },
        lines: onLine !== undefined,
      })
    })
  }

  receive(event: ProcessEvent): void {
    const { process: id } = event
    const known = this.#known.get(id)
    if (known === undefined) return
    if ('pid' in event) known.started.resolve(this.#handle(id, event.pid, known))
    else if ('lines' in event) for (const [stream, line] of event.lines) this.#line(known, line, stream)
    else {
      this.#known.delete(id)
      if ('exited' in event) known.exited.resolve(event.exited)
      else known.started.reject(new CodedError(event.refused.code, event.refused.message))
    }
  }

  /** The plugin was stopped; the host ends what runs. */
  close(): void {
    this.#closed = true
  }

  #handle(id: number, pid: number, { exited, name }: Known): PluginProcess {
    return {
      pid,
      name,
      exited: exited.promise,
      stop: async ({ graceMs } = {}) => {
        if (this.#known.has(id)) this.#deps.send({ op: 'stop', id, graceMs: graceMs ?? null })
        await exited.promise
      },
    }
  }

  #line({ onLine, name }: Known, line: string, stream: ProcessStream): void {
    try {
      onLine?.(line, stream)
    } catch (error) {
      this.#deps.warn(`onLine of process '${name}' failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

function check({ command, args, env, stop_ms: stopMs }: ProcessOptions): void {
  if (typeof command !== 'string' || command === '')
    throw new TypeError(`'command' must be a text, not ${shown(command)}`)
  if (args !== undefined && !(Array.isArray(args) && args.every(isText)))
    throw new TypeError(`'args' of process '${command}' must be a list of texts, not ${shown(args)}`)
  if (env !== undefined && !Object.values(env).every(isText))
    throw new TypeError(`'env' of process '${command}' must be an object of texts, not ${shown(env)}`)
  if (stopMs !== undefined && !(stopMs >= 0))
    throw new TypeError(`'stop_ms' of process '${command}' must be a number of milliseconds, not ${shown(stopMs)}`)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
