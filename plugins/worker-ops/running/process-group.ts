// Whether a process is one of those that a worker's process leads or has started: for SDKs that announce no name but their number.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Of parents that are looked at. */
const MAX_STEPS = 32

/** The process is `leader` itself, in its group, or a descendant of it. */
export async function belongsTo(pid: number, leader: number): Promise<boolean> {
  let at = pid
  for (let step = 0; step < MAX_STEPS && at > 1; step++) {
    if (at === leader) return true
    const found = await parentAndGroup(at)
    if (found === undefined) return false
    if (found.group === leader) return true
    at = found.parent
  }
  return false
}

interface Lineage {
  readonly parent: number
  readonly group: number
}

async function parentAndGroup(pid: number): Promise<Lineage | undefined> {
  try {
    if (process.platform === 'linux') {
      const text = await readFile(`/proc/${pid}/stat`, 'latin1')
      // The name of the program, in brackets, may hold anything.
      const [, parent, group] = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return { parent: Number(parent), group: Number(group) }
    }
    if (process.platform === 'win32') return undefined
    const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=,pgid=', '-p', String(pid)])
    const [parent, group] = stdout.trim().split(/\s+/)
    return { parent: Number(parent), group: Number(group) }
  } catch {
    return undefined
  }
}
