// The last fire of each trigger with `misfire: fire_once`, in a file, so that it can be told later whether one was missed.
// Triggers are known by what they do and when: their ids change whenever their worker starts again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeLeftovers, writeWhole } from '../../base/files/atomic-file.ts'
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'
import type { PluginLog } from '../../sdk/plugin.ts'
import { MAX_SET_BACK_MS } from './config.ts'
import { lastMatch } from './next.ts'
import type { CronPlan } from './trigger.ts'

export interface RememberedFiresOptions {
  readonly folder: () => string
  readonly log: PluginLog
  /** A fire that lies further ahead of the time it is compared with is one by a clock that was wrong: it is forgotten. Default: one hour. */
  readonly maxSetBackMs?: () => number
  /** Triggers that are remembered; beyond it the one that fired longest ago is forgotten. Default 10,000. */
  readonly maxTriggers?: number
}

/** Default of `maxTriggers`. */
export const REMEMBERED_TRIGGERS = 10_000

const NAME = 'fires.json'

export class RememberedFires {
  readonly #options: RememberedFiresOptions
  readonly #maxTriggers: number
  readonly #maxSetBackMs: () => number
  readonly #failures: LimitedWarning
  /** Seconds since the epoch by trigger, the one that was noted longest ago first. */
  #fires: Map<string, number> | undefined
  #writing: Promise<void> | undefined
  #nextWrite: Promise<void> | undefined

  constructor(options: RememberedFiresOptions) {
    this.#options = options
    this.#maxTriggers = options.maxTriggers ?? REMEMBERED_TRIGGERS
    this.#maxSetBackMs = options.maxSetBackMs ?? (() => MAX_SET_BACK_MS)
    this.#failures = new LimitedWarning((message, data) => options.log.warn(message, data))
  }

  /** The last time that a trigger should have fired since it was last heard of. One that is new is remembered from now on. */
  missed(binding: TriggerBinding, plan: CronPlan, now: number): number | undefined {
    const last = this.#last(keyOf(binding, plan), now)
    if (last !== undefined) return lastMatch(plan.fields, last, now, plan.zone)
    this.begin(binding, plan, now)
    return undefined
  }

  begin(binding: TriggerBinding, plan: CronPlan, now: number): void {
    if (this.#last(keyOf(binding, plan), now) === undefined) void this.note(binding, plan, now)
  }

  /** Resolves when it is written, or can't be. Everything up to that second is done with. */
  note(binding: TriggerBinding, plan: CronPlan, second: number): Promise<void> {
    const fires = this.#loaded()
    const key = keyOf(binding, plan)
    const latest = Math.max(second, this.#last(key, second) ?? -Infinity)
    fires.delete(key)
    fires.set(key, latest)
    if (fires.size > this.#maxTriggers) fires.delete(fires.keys().next().value!)
    return this.#write()
  }

  #last(key: string, now: number): number | undefined {
    const last = this.#loaded().get(key)
    return last === undefined || last - now > this.#maxSetBackMs() / 1_000 ? undefined : last
  }

  async settled(): Promise<void> {
    await (this.#nextWrite ?? this.#writing)
  }

  #loaded(): Map<string, number> {
    return (this.#fires ??= this.#load())
  }

  #load(): Map<string, number> {
    void removeLeftovers(this.#options.folder(), /^fires\.json$/)
    try {
      const content: unknown = JSON.parse(readFileSync(this.#file(), 'utf8'))
      if (Array.isArray(content) && content.every(isFire)) return new Map(content)
      throw new Error('it is not a list of triggers and times')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#options.log.warn('The last fires can not be read: what was missed before now is not made up for.', {
          file: NAME,
          error: (error as Error).message,
        })
      return new Map()
    }
  }

  #file(): string {
    return join(this.#options.folder(), NAME)
  }

  /** One write at a time; all that is noted while one is under way goes into the next. */
  #write(): Promise<void> {
    if (this.#writing === undefined) return (this.#writing = this.#save().finally(() => (this.#writing = undefined)))
    return (this.#nextWrite ??= this.#writing.then(() => {
      this.#nextWrite = undefined
      return this.#write()
    }))
  }

  async #save(): Promise<void> {
    // In the next turn: triggers that are due in the same second share one write.
    await Promise.resolve()
    try {
      await writeWhole(this.#file(), JSON.stringify([...this.#loaded()]))
    } catch (error) {
      this.#failures.warn('The last fires can not be written: after a crash one may be made up for twice.', {
        file: NAME,
        error: (error as Error).message,
      })
    }
  }
}

function keyOf({ namespace, function_id, metadata }: TriggerBinding, plan: CronPlan): string {
  const { expression, zone, conditionFunctionId } = plan
  return JSON.stringify([
    namespace ?? 'default',
    function_id,
    expression,
    zone.name,
    conditionFunctionId ?? null,
    metadata ?? null,
  ])
}

function isFire(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && Number.isInteger(entry[1])
}
