// CPU time and resident memory of a process with all its threads and descendants, from /proc.
// Where there is no /proc (not Linux) everything is undefined and the report leaves those figures out.
import { readFileSync, readdirSync } from 'node:fs'

/** Kernel ticks per second in /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export interface TreeUsage {
  /** User and system time of the tree so far, exited threads included, in microseconds (steps of 10 ms). */
  readonly cpuMicros: number
  readonly rssBytes: number
  readonly processes: number
}

export function readTreeUsage(rootPid: number): TreeUsage | undefined {
  let ticks = 0
  let rssBytes = 0
  let processes = 0
  for (const pid of treeOf(rootPid)) {
    const stat = read(`/proc/${pid}/stat`)
    if (stat === undefined) continue
    // The name in parentheses may hold blanks: fields are counted from the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
    rssBytes += statusBytes(pid, 'VmRSS')
    processes++
  }
  if (processes === 0) return undefined
  return { cpuMicros: (ticks * 1e6) / TICKS_PER_SECOND, rssBytes, processes }
}

/**
 * CPU time of the tree so far to the nanosecond, in microseconds, of the threads that are alive: for what costs so little that it would
 * drown in the steps of `readTreeUsage`. A thread that ends takes its time along.
 */
export function readFineCpuMicros(rootPid: number): number | undefined {
  let nanos = 0
  let threads = 0
  for (const pid of treeOf(rootPid)) {
    for (const thread of threadsOf(pid)) {
      const schedstat = read(`/proc/${pid}/task/${thread}/schedstat`)
      if (schedstat === undefined) continue
      nanos += Number(schedstat.slice(0, schedstat.indexOf(' ')))
      threads++
    }
  }
  return threads === 0 ? undefined : nanos / 1000
}

/** Of one process: what it has in memory, and how much of that is in no file. */
export function memoryOf(pid: number): { readonly residentBytes: number; readonly ownBytes: number } {
  return { residentBytes: statusBytes(pid, 'VmRSS'), ownBytes: statusBytes(pid, 'RssAnon') }
}

/** The process and its descendants. */
function* treeOf(rootPid: number): Generator<number> {
  const waiting = [rootPid]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    yield pid
    waiting.push(...childrenOf(pid))
  }
}

function statusBytes(pid: number, name: 'VmRSS' | 'RssAnon'): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/status`) ?? '')
  return match === null ? 0 : Number(match[1]) * 1024
}

/** A child belongs to the thread that forked it, so every thread is asked. */
function childrenOf(pid: number): number[] {
  return threadsOf(pid).flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  )
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}
