// A process with one plugin, seen from the engine. Forked, not pooled: docs/decisions says why.
import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PipeTransport } from '../../links/pipe-link.ts'
import type { ContainerExit, PlaceEvents, PluginPlace } from './container.ts'
import { FrameContainer, type FrameContainerOptions } from './frame-container.ts'
import type { Usage } from './host-messages.ts'
import type { LastWords } from '../inside/process-main.ts'

export interface HostProcessOptions extends FrameContainerOptions {
  /** Flags of the permission model; empty = no restriction. */
  readonly execArgv: readonly string[]
  /** Undefined where the process may not write there. */
  readonly compileCacheDir: string | undefined
}

export class HostProcess extends FrameContainer {
  readonly kind = 'process'
  readonly #child: ChildProcess
  #lastWords: LastWords['lastWords'] | undefined
  #place: (PluginPlace & { usage(): Promise<Usage> }) | undefined

  constructor(options: HostProcessOptions) {
    super(options)
    const { execArgv, compileCacheDir, processes } = options
    const transport = new PipeTransport((member, message) => this.receiveHost(member, message))
    this.transport = transport
    const main = new URL(`../inside/process-main${extname(import.meta.url)}`, import.meta.url)
    const child = fork(fileURLToPath(main), [], {
      execArgv: [...execArgv],
      serialization: 'advanced',
      env: compileCacheDir === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: compileCacheDir },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    const { pid } = child
    if (pid !== undefined) {
      const keeper = processes.keeper()
      keeper.guard(pid)
      child.once('exit', () => keeper.release(pid))
    }
    // An error goes to the callback; the exit that follows is what counts.
    transport.channel.onMessage((batch) => {
      if (child.connected) child.send(batch as object, () => {})
    })
    child.on('message', (message: unknown) => {
      if (isLastWords(message)) this.#lastWords = message.lastWords
      else transport.channel.postMessage(message)
    })
    this.#awaitEnd()
    this.came()
  }

  get number(): number {
    return this.#child.pid ?? 0
  }

  override open(plugin: string, events: PlaceEvents): PluginPlace {
    const place = super.open(plugin, events)
    this.#place ??= place as PluginPlace & { usage(): Promise<Usage> }
    return place
  }

  async usage(): Promise<Usage | undefined> {
    return this.#place?.usage().catch(() => undefined)
  }

  override async memoryBytes(): Promise<number | undefined> {
    // Seen from outside where that is possible: a process that is busy allocating answers no question.
    return (await anonymousMemory(this.number)) ?? (await super.memoryBytes())
  }

  protected terminate(): void {
    this.#child.kill('SIGKILL')
  }

  override letGo(): void {
    this.#child.unref()
    this.#child.channel?.unref()
  }

  /** Only when it has exited and its channel is read to the end has everything that it sent arrived. */
  #awaitEnd(): void {
    const child = this.#child
    let exit: ContainerExit | undefined
    let channelOpen = true
    const check = (): void => {
      if (exit !== undefined && !channelOpen) this.finished(this.#described(exit))
    }
    child.once('exit', (code, signal) => {
      exit = signal === null ? { code: 'EXIT', message: `it exited with code ${code}` } : killed(signal)
      if (!child.connected) channelOpen = false
      check()
    })
    child.once('disconnect', () => {
      channelOpen = false
      check()
    })
    child.on('error', (error) => {
      exit ??= { code: 'ERROR', message: `its process could not be started: ${error.message}` }
      channelOpen = false
      check()
    })
  }

  #described(exit: ContainerExit): ContainerExit {
    if (this.#lastWords === undefined) return exit
    const { message, stack } = this.#lastWords
    return { code: 'ERROR', message, stack }
  }
}

/** Memory that is the process's own, code and shared libraries left out. Linux only. */
async function anonymousMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function killed(signal: string): ContainerExit {
  if (signal === 'SIGABRT')
    return { code: 'MEMORY', message: 'it was aborted (SIGABRT), as happens when its memory is exhausted' }
  const hint = signal === 'SIGKILL' ? ', as the system does when memory is exhausted' : ''
  return { code: 'SIGNAL', message: `it was killed by ${signal}${hint}` }
}

function isLastWords(message: unknown): message is LastWords {
  return typeof message === 'object' && message !== null && 'lastWords' in message
}
