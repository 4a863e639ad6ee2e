// Runs `iii-exec` alone in this process: its commands are real processes, in a folder of the test.
import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../../base/time/clock.ts'
import type { ExecConfig } from '../../../plugins/exec/config.ts'
import execPlugin from '../../../plugins/exec/index.ts'
import { startExec } from '../../../plugins/exec/start.ts'
import { startTestEngine, type TestEngine, type TestPlugin } from '../../../testing/index.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export const URL = 'ws://127.0.0.1:49999'

/** Files are not written right before the test, as it were. */
const LONG_AGO = new Date('2026-01-01')

export interface ExecRunOptions {
  readonly clock?: Clock
  /** Files that are there from the beginning. */
  readonly files?: Readonly<Record<string, string>>
  /** Workers can connect when it is started. Default true. */
  readonly isListening?: boolean
}

export class ExecRun {
  readonly folder: string
  readonly engine: TestEngine
  readonly host: TestPlugin

  private constructor(folder: string, engine: TestEngine, host: TestPlugin) {
    this.folder = folder
    this.engine = engine
    this.host = host
  }

  static async start(
    config: ExecConfig,
    { clock = systemClock, files = {}, isListening = true }: ExecRunOptions = {},
  ): Promise<ExecRun> {
    const projectRoot = tempFolder()
    for (const [path, text] of Object.entries(files)) {
      write(join(projectRoot, path), text)
      utimesSync(join(projectRoot, path), LONG_AGO, LONG_AGO)
    }
    const engine = await startTestEngine({ projectRoot })
    onTestFinished(() => engine.close())
    const definition = { ...execPlugin, start: (context: never) => startExec(context, clock) }
    const run = new ExecRun(projectRoot, engine, await engine.run(definition, { config, builtIn: true }))
    if (isListening) run.host.listening(URL)
    return run
  }

  /** What health says is wrong. */
  get problem(): unknown {
    return this.host.health.get('exec')?.details?.['error']
  }

  write(path: string, text = String(Math.random())): void {
    write(join(this.folder, path), text)
  }

  rename(from: string, to: string): void {
    renameSync(join(this.folder, from), join(this.folder, to))
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true })
  }

  /** What commands have written, a line each. */
  get outputs(): readonly string[] {
    return this.host.log.lines.filter(({ data }) => isOutput(data)).map(({ message }) => message)
  }

  /** The `count`-th line with this text that a command has written, waiting for it. */
  output(text: string, count = 1): Promise<string> {
    return this.#found(() => this.outputs.filter((line) => line.includes(text))[count - 1], text)
  }

  /** The `count`-th line of the log with this text that no command has written, waiting for it. */
  logged(text: string, count = 1): Promise<{ level: string; message: string; data: unknown }> {
    return this.#found(() => this.logs(text)[count - 1], text)
  }

  logs(text: string): readonly { level: string; message: string; data: unknown }[] {
    return this.host.log.lines.filter(({ message, data }) => !isOutput(data) && message.includes(text))
  }

  async #found<Value>(find: () => Value | undefined, text: string): Promise<Value> {
    await expect.poll(() => find() !== undefined, { interval: 5, message: `no '${text}'` }).toBe(true)
    return find() as Value
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function isOutput(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'stream' in data
}
