// Whether SIGHUP was ignored when this process began, as `nohup` has it. Node itself has forgotten by the time that any code of ours
// runs: it sets every signal back to its default first. So this goes by what else is left of it. Plain JavaScript: the launcher needs it
// on any Node.
import { createRequire } from 'node:module'
import path from 'node:path'

// An import would make a module of it that reads every property, and so loads what only comes with some of these.
const { readFileSync, readlinkSync } = createRequire(import.meta.url)('node:fs')

/** `ignore` or `end`; set by the launcher for the Node that it starts, and by users where nothing tells of the `nohup`. */
export const HANGUP_VARIABLE = 'III_SIGHUP'

/** `system` is handed in by tests. */
export function ignoresHangup(env = process.env, system = LINUX) {
  if (env[HANGUP_VARIABLE] !== undefined) return env[HANGUP_VARIABLE] === 'ignore'
  // bash, zsh and ksh say so what they have started.
  if (path.basename(env._ || '') === 'nohup') return true
  if (process.platform === 'win32') return false
  return hasStdinOfNohup(system) || isIgnoredByParent(system)
}

const LINUX = {
  /** @param {string} file @returns {string} empty where it can't be read */
  read(file) {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return ''
    }
  },
  /** @param {string} file @returns {string} */
  target(file) {
    try {
      return readlinkSync(file)
    } catch {
      return ''
    }
  },
}

/** In place of a terminal nohup opens /dev/null, and for writing only: nobody else does that to a standard input. */
function hasStdinOfNohup({ read, target }) {
  const flags = /^flags:\s*([0-7]+)/m.exec(read('/proc/self/fdinfo/0'))
  return flags !== null && (Number.parseInt(flags[1], 8) & 3) === 1 && target('/proc/self/fd/0') === '/dev/null'
}

/** What a parent ignores, such as a shell after `trap '' HUP`, its children inherit. */
function isIgnoredByParent({ read }) {
  const ignored = /^SigIgn:\s*([0-9a-f]+)/m.exec(read(`/proc/${process.ppid}/status`))
  return ignored !== null && Number.parseInt(ignored[1].slice(-1), 16) % 2 === 1
}
