// Schemas for the next generation of this plugin in the same process. They are not persisted (spec 04 A.9.2: after a restart of
// the engine their owners register again), but a reload or a crash of this plugin is no restart: owners notice nothing of it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PluginLog } from '../../sdk/plugin.ts'
import type { ConfigurationSchema } from './entry.ts'

/** Process ids are used again, in containers after every start: the start of the process tells them apart. */
const SAME_START_MS = 100

export interface ProcessIdentity {
  readonly pid: number
  /** Milliseconds by a clock that nobody sets: when that of the system is, the process is still the same. */
  readonly startedAt: number
}

export class SchemaHandover {
  readonly #folder: () => string
  readonly #log: PluginLog
  readonly #process: ProcessIdentity

  /** @param folder asked for only when something is kept or looked for. */
  constructor(folder: () => string, log: PluginLog, identity = thisProcess()) {
    this.#folder = folder
    this.#log = log
    this.#process = identity
  }

  /** On the disk's cache alone: a thread that crashes loses nothing, and after the end of the process nobody wants it. */
  keep(id: string, schema: ConfigurationSchema): void {
    try {
      mkdirSync(this.#folder(), { recursive: true })
      writeFileSync(this.#path(id), JSON.stringify({ process: this.#process, schema }), { mode: 0o600 })
    } catch (error) {
      this.#log.debug(`the schema of configuration '${id}' will not outlive a reload of this plugin`, {
        reason: String(error),
      })
    }
  }

  drop(id: string): void {
    try {
      rmSync(this.#path(id), { force: true })
    } catch {
      // Nobody asks for the schema of an entry that does not exist.
    }
  }

  /** undefined when the owner has not registered since this process started. */
  find(id: string): ConfigurationSchema | undefined {
    try {
      const kept = JSON.parse(readFileSync(this.#path(id), 'utf8')) as {
        process: ProcessIdentity
        schema: ConfigurationSchema
      }
      const { pid, startedAt } = kept.process
      const isOurs = pid === this.#process.pid && Math.abs(startedAt - this.#process.startedAt) < SAME_START_MS
      return isOurs ? kept.schema : undefined
    } catch {
      return undefined
    }
  }

  #path(id: string): string {
    return join(this.#folder(), `${id}.schema.json`)
  }
}

function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1_000 }
}
