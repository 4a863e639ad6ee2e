// The keeper: one small process beside the engine, parent of all that plugins start. When the engine is gone, in whatever way, its
// channel closes, and the keeper ends them and itself. Each process leads a group of its own, so that what it starts ends with it.
// It also guards the engine's own children that are plugins: one that computes without end would not hear that the engine is gone.
// Plain JavaScript without dependencies: it is to start fast and to need nothing.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { LineOutput, LineRate } from './line-output.mjs'

/** How often a group is looked at that is to end. */
const POLL_MS = 25
/** How long output is waited for that a process outside the group holds open, and a group that was killed. */
const LINGER_MS = 1000
const REPORT_DROPPED_MS = 1000

/** @type {Map<number, Kept>} */
const kept = new Map()
/** @type {Set<number>} */
const guarded = new Set()

process.on('message', (order) => {
  if (order.op === 'start') start(order)
  else if (order.op === 'stop') kept.get(order.id)?.stop(order.graceMs)
  else if (order.op === 'guard') guarded.add(order.pid)
  else guarded.delete(order.pid)
})
process.once('disconnect', () => {
  for (const pid of guarded) kill(pid)
  for (const { pid } of kept.values()) signalGroup(pid, 'SIGKILL')
  // They are this process's children: gone for good once it has heard of their end.
  setTimeout(() => process.exit(0), LINGER_MS)
  leaveWhenEmpty()
})
// The engine stops its plugins in order; what is sent to all processes of a session or of the machine must not come first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

function leaveWhenEmpty() {
  if (!process.connected && kept.size === 0) process.exit(0)
}

/** @param {import('./process-messages.ts').KeeperReport} report @param {() => void} [written] */
function report(report, written = () => {}) {
  if (process.connected) process.send(report, undefined, undefined, written)
  else written()
}

function start({ id, command, args, cwd, env, logFile, stopMs }) {
  let file
  try {
    if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`there is no folder '${cwd}'`)
    if (logFile !== null) {
      mkdirSync(dirname(logFile), { recursive: true })
      file = openSync(logFile, 'a')
    }
    const output = file ?? 'pipe'
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    if (child.pid === undefined) child.once('error', ({ message }) => report({ id, failed: message }))
    else kept.set(id, new Kept(id, child, stopMs))
  } catch (error) {
    report({ id, failed: error.message })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** One process and its group. */
class Kept {
  #id
  #stopMs
  #exit
  /** When the group is killed, on the clock of `performance.now()`; undefined while nobody wants it to end. */
  #deadline
  #killed = false
  #closed

  constructor(id, child, stopMs) {
    this.#id = id
    this.pid = child.pid
    this.#stopMs = stopMs
    const rate = new LineRate()
    this.#read('stdout', child.stdout, rate)
    this.#read('stderr', child.stderr, rate)
    const dropped = () => {
      const lines = rate.takeDropped()
      if (lines > 0) report({ id, dropped: lines })
    }
    const reporting = setInterval(dropped, REPORT_DROPPED_MS)
    this.#closed = new Promise((resolve) => child.once('close', resolve)).then(() => {
      clearInterval(reporting)
      dropped()
    })
    child.on('error', () => {})
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal }
      // What it left behind ends as if it had been told to.
      if (this.#deadline === undefined) this.stop(this.#stopMs)
      else this.#watch()
    })
    report({ id, pid: this.pid })
  }

  stop(graceMs) {
    const deadline = performance.now() + graceMs
    const isFirst = this.#deadline === undefined
    this.#deadline = Math.min(deadline, this.#deadline ?? Infinity)
    // Without any time to end it need not be asked to.
    if (isFirst && graceMs > 0) signalGroup(this.pid, 'SIGTERM')
    clearTimeout(this.timer)
    this.#watch()
  }

  /** Until the group is empty; at the deadline it is killed. */
  #watch() {
    clearTimeout(this.timer)
    const now = performance.now()
    if (this.#exit !== undefined && (!isGroupAlive(this.pid) || (this.#killed && now > this.#deadline + LINGER_MS))) {
      void this.#gone()
      return
    }
    if (now >= this.#deadline && !this.#killed) {
      this.#killed = true
      signalGroup(this.pid, 'SIGKILL')
    }
    this.timer = setTimeout(() => this.#watch(), Math.max(1, Math.min(POLL_MS, this.#deadline - now)))
  }

  async #gone() {
    // A group number may be given away again from now on.
    kept.delete(this.#id)
    leaveWhenEmpty()
    await Promise.race([this.#closed, new Promise((resolve) => setTimeout(resolve, LINGER_MS).unref())])
    report({ id: this.#id, exited: this.#exit })
  }

  #read(name, stream, rate) {
    if (stream === null) return
    const output = new LineOutput(rate)
    const send = (lines, written) => {
      if (lines.length === 0) written()
      else report({ id: this.#id, lines: lines.map((line) => [name, line]) }, written)
    }
    // One chunk at a time: an engine that does not read stops the writer and fills no memory.
    stream.on('data', (chunk) => {
      stream.pause()
      send(output.write(chunk), () => stream.resume())
    })
    stream.on('end', () => send(output.end(), () => {}))
    stream.on('error', () => {})
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function signalGroup(pid, signal) {
  try {
    // Windows knows no groups and no signals: a tree of processes is ended at once.
    if (process.platform === 'win32') spawn('taskkill', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore' })
    else process.kill(-pid, signal)
  } catch {
    // It is empty.
  }
}

function isGroupAlive(pid) {
  if (process.platform === 'win32') return false
  try {
    process.kill(-pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
  return process.platform !== 'linux' || hasLivingMember(pid)
}

/** Those that have ended stay in the group until their parent asks after them, which not every first process of a container ever does. */
function hasLivingMember(group) {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      // The name of the program, in brackets, may hold anything.
      const [state, , ofGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return Number(ofGroup) === group && state !== 'Z' && state !== 'X'
    } catch {
      return false
    }
  })
}
