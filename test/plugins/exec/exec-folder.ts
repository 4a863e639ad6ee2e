// An engine with entries of `iii-exec`: what their commands write stands in its log.
import { EngineFolder, type LogLine } from '../../core/engine/running-engine.ts'

export class ExecFolder extends EngineFolder {
  /** The `count`-th line with this text that a command has written, waiting for it. */
  async output(text: string, count = 1): Promise<LogLine> {
    for (let read = 1; ; read++) {
      await this.log.take(read, 10_000)
      const found = this.outputs().filter(({ msg }) => msg.includes(text))[count - 1]
      if (found !== undefined) return found
    }
  }

  /** What the `count`-th command has written that says who it is. */
  async pid(count = 1): Promise<number> {
    return Number((await this.output('pid ', count)).msg.slice(4))
  }

  /** All that commands have written. */
  outputs(): readonly LogLine[] {
    return this.log.items.filter(({ stream }) => stream !== undefined)
  }
}

/** An entry in YAML of flow style, which JSON is. */
export function exec(config: object, more: object = {}): string {
  return JSON.stringify({ name: 'iii-exec', config, ...more })
}
