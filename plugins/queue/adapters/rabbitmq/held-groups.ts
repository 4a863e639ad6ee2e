// The groups of a fifo queue among the jobs in hand: of each the first goes, the others wait behind it.
import type { HeldJob } from './held-job.ts'

/** The lists are read from here on instead of being shifted: they can be long. */
interface Group {
  jobs: HeldJob[]
  first: number
}

export class HeldGroups {
  readonly #groups = new Map<string, Group>()

  /** Whether it is the first of its group. */
  enter(held: HeldJob): boolean {
    const name = held.job.group ?? ''
    held.group = name
    const group = this.#groups.get(name)
    if (group === undefined) {
      this.#groups.set(name, { jobs: [held], first: 0 })
      return true
    }
    group.jobs.push(held)
    return false
  }

  /** The one that is first now, where it was the first before. */
  leave(held: HeldJob): HeldJob | undefined {
    if (held.group === undefined) return undefined
    const group = this.#groups.get(held.group)
    if (group === undefined) return undefined
    if (group.jobs[group.first] !== held) {
      const at = group.jobs.indexOf(held, group.first)
      if (at !== -1) group.jobs.splice(at, 1)
      return undefined
    }
    group.first++
    if (group.first * 2 > group.jobs.length) {
      group.jobs = group.jobs.slice(group.first)
      group.first = 0
    }
    const next = group.jobs[group.first]
    if (next === undefined) this.#groups.delete(held.group)
    return next
  }
}
