// Puts another program in the place of this process. Plain JavaScript, for Node 18.
import { accessSync, constants } from 'node:fs'

/** F_SETFD, which is the same number on every system that has it. */
const SET_DESCRIPTOR_FLAGS = 2

/**
 * Process id, signals, exit code and standard streams are the other program's from then on. Comes back where neither Node nor the system can,
 * where a parent expects messages from this Node, and where the file can't be run: who starts it in the usual way learns why.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export async function replaceProcess(file, args, env) {
  if (process.platform === 'win32' || process.channel !== undefined) return
  try {
    // Where it fails for a reason that can be told before, Node ends the process without another word.
    accessSync(file, constants.X_OK)
    if (process.execve !== undefined) process.execve(file, [file, ...args], env)
    else await executeByLibrary(file, [file, ...args], env)
  } catch {
    // Not permitted here, by a permission model for example, or there is no such package for this system.
  }
}

/** What `process.execve` does, for a Node before 22.15 and 23.11. */
async function executeByLibrary(file, line, env) {
  const { default: koffi } = await import('koffi')
  const system = koffi.load(null)
  const execve = system.func('int execve(const char *file, const char **line, const char **env)')
  const fcntl = system.func('int fcntl(int descriptor, int command, ...)')
  const variables = Object.entries(env).filter(([, value]) => value !== undefined)
  // Node has marked the standard streams, like all that it opens, to be closed here (FD_CLOEXEC).
  for (const descriptor of [0, 1, 2]) fcntl(descriptor, SET_DESCRIPTOR_FLAGS, 'int', 0)
  execve(file, [...line, null], [...variables.map(([name, value]) => `${name}=${value}`), null])
}
