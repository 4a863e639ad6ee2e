// Memory of another process, as the kernel counts it.
import { readFileSync, writeFileSync } from 'node:fs'

const MiB = 1024

/** Resident memory of the process in MiB. */
export function residentMiB(pid: number): number {
  return field(pid, 'VmRSS')
}

/** Highest resident memory in MiB since the process began, or since `forgetPeak`. */
export function peakMiB(pid: number): number {
  return field(pid, 'VmHWM')
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function field(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (match === null) throw new Error(`/proc/${pid}/status has no ${name}`)
  return Math.round(Number(match[1]) / MiB)
}
