// The engine in this process, composed as for a user: files in a folder of its own, plugins in threads, listeners on free ports.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startEngine, type Engine, type StartOptions } from '../../../index.ts'
import { createLog } from '../../../core/log.ts'
import { Collector } from '../../support/deadline.ts'
import { RawClient, type RawClientOptions } from '../../support/raw-client.ts'
import { tempFolder } from '../../support/temp-folder.ts'

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

export class EngineFolder {
  readonly dir = tempFolder()
  readonly log = new Collector<LogLine>()
  #engine: Engine | undefined

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('the engine was not started')
    return this.#engine
  }

  write(path: string, text: string): void {
    const file = join(this.dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Replaces the configuration: entries in YAML flow style, without the dash. */
  configure(...entries: readonly string[]): void {
    this.write('iii-config.yaml', ['workers:', ...entries.map((entry) => `  - ${entry}`), ''].join('\n'))
  }

  async start(options: StartOptions = {}): Promise<Engine> {
    const log = createLog({
      level: 'debug',
      pretty: false,
      write: (line) => this.log.add(JSON.parse(line) as LogLine),
    })
    onTestFinished(() => this.#engine?.close())
    this.#engine = await startEngine({ cwd: this.dir, log, ...options })
    return this.#engine
  }

  url(index = 0): string {
    return this.engine.status().listeners[index]?.url ?? ''
  }

  connect(options: RawClientOptions & { listener?: number } = {}): Promise<RawClient> {
    return RawClient.connect(this.url(options.listener), options)
  }

  /** The `count`-th line that contains the text, waiting for it. */
  async logged(text: string, count = 1): Promise<LogLine> {
    for (let read = 1; ; read++) {
      await this.log.take(read, 10_000)
      const found = this.log.items.filter(({ msg }) => msg.includes(text))[count - 1]
      if (found !== undefined) return found
    }
  }
}

/** The entry of a listener on a free port. */
export const LISTENER = '{ name: iii-worker-manager, config: { port: 0 } }'

/** A plugin file. `start` is the body of `start({ iii, config, engine })`, `more` further members of the definition. */
export function pluginFile(name: string, start: string, more = ''): string {
  return `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({
  name: '${name}',
  ${more}
  async start({ iii, config, engine }) {
    ${start}
  },
})
`
}
