// Which workers were stopped by hand: they stay so over a reload of the plugin, and not over a restart of the engine (spec 05 B.2).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export class StoppedWorkers {
  readonly #file: () => string
  /** Another one for each run of the engine. */
  readonly #run: string
  /** undefined: not read yet. */
  #names: Set<string> | undefined

  /** @param file is asked for when there is a worker */
  constructor(file: () => string, run: string) {
    this.#file = file
    this.#run = run
  }

  has(name: string): boolean {
    return this.#known().has(name)
  }

  add(name: string): void {
    this.#known().add(name)
    this.#write()
  }

  forget(name: string): void {
    if (this.#known().delete(name)) this.#write()
  }

  /** The next run of the engine starts them. */
  forgetAll(): void {
    for (const name of [...(this.#names ?? [])]) this.forget(name)
  }

  #known(): Set<string> {
    this.#names ??= new Set(read(this.#file(), this.#run))
    return this.#names
  }

  /** A few names, and rarely: nothing is gained by not waiting for it. */
  #write(): void {
    try {
      const file = this.#file()
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, JSON.stringify({ run: this.#run, names: [...this.#known()] }))
    } catch {
      // A reload of the plugin would start them again; the disk that is full has others who tell.
    }
  }
}

function read(file: string, run: string): readonly string[] {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as { run?: unknown; names?: unknown }
    return found.run === run && Array.isArray(found.names) ? found.names.map(String) : []
  } catch {
    return []
  }
}

/** The same in every thread of one run of the engine, whatever generation of the plugin asks. */
export function engineRun(): string {
  return `${process.pid} ${Math.round((Date.now() / 1000 - process.uptime()) / 10)}`
}
