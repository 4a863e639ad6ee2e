// What a figure was measured on: named in every report, since absolute figures hold for one machine only.
import { cpus, platform, release, totalmem } from 'node:os'
import { spawnSync } from 'node:child_process'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly os: string
  readonly node: string
}

export function describeMachine(): Machine {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryBytes: totalmem(),
    os: `${platform()} ${release()}`,
    node: process.version,
  }
}

/** CPU lists for `taskset -c`: the load generator on the last core, the target on all others. */
export interface Pinning {
  readonly target: string
  readonly generator: string
}

/** Undefined where pinning is not possible: a single core, or no `taskset`. */
export function planPinning(): Pinning | undefined {
  const cores = cpus().length
  if (cores < 2) return undefined
  if (spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined
  return { target: cores === 2 ? '0' : `0-${cores - 2}`, generator: String(cores - 1) }
}
