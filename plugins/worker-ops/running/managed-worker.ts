// One worker that the engine runs: an explicit state machine around one process at a time. What is wished last counts; whatever was begun
// for an earlier wish is ended first.
import type { Clock } from '../../../base/time/clock.ts'
import type { PluginLog, PluginProcess, PluginProcesses, ProcessExit, ProcessStream } from '../../../sdk/plugin.ts'
import { WorkerOpError } from '../errors.ts'
import { Installation } from './installation.ts'
import { shell, type Launch } from './launch.ts'
import type { Awaited } from './readiness.ts'
import { Restarts, type RESTART_LIMITS } from './restarts.ts'
import type { Readiness, RunningWorker, StartOptions, WorkerState } from './running-workers.ts'
import { ChangeRestarts, SourceWatch } from './source-watch.ts'
import { LOG_LIMITS, WorkerLog } from './worker-log.ts'
import type { WorkerSpec } from './worker-spec.ts'

/** Between SIGTERM and SIGKILL (spec 05 B.5). */
export const STOP_MS = 10_000
/** The same, of a process that runs code that is out of date. */
export const CHANGED_MS = 2_000
/** An install script that takes longer has failed. */
export const INSTALL_MS = 590_000

export interface ManagedWorkerDeps {
  readonly processes: PluginProcesses
  readonly clock: Clock
  readonly log: PluginLog
  readonly logFolder: string
  readonly dataDir: string
  readonly restartLimits?: typeof RESTART_LIMITS
  /** What it takes to start it now. */
  readonly launch: (spec: WorkerSpec, options: StartOptions) => Promise<Launch>
  readonly environment: (spec: WorkerSpec, launch: Launch, options: StartOptions) => Promise<Record<string, string>>
  readonly awaitReady: (awaited: Awaited) => () => void
  /** Its state is another one. */
  readonly onState: () => void
}

interface InstallOrder {
  readonly folder: string
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  /** Whether something else is wished by now, for which the script is to end. */
  readonly isOver: () => boolean
}

export class ManagedWorker implements RunningWorker {
  readonly name: string
  problem: string | undefined
  readonly #deps: ManagedWorkerDeps
  readonly #log: WorkerLog
  readonly #restarts: Restarts
  readonly #changeRestarts = new ChangeRestarts()
  readonly #installation: Installation
  #spec: WorkerSpec
  #options: StartOptions = {}
  #state: WorkerState = 'stopped'
  #wish: 'run' | 'rest' = 'rest'
  /** Grace of a process that an earlier wish has started. */
  #graceMs = STOP_MS
  /** Resolved, and made anew, when something else is wished. */
  #turn = Promise.withResolvers<'changed'>()
  /** In which it became ready; whoever wishes for another run does not mean that one. */
  #readyTurn: PromiseWithResolvers<'changed'> | undefined
  #work: Promise<void> | undefined
  #process: PluginProcess | undefined
  /** When the latest process was started; undefined: it could not be. */
  #began: number | undefined
  #installs: Promise<void> = Promise.resolve()
  /** Installations that operations wait for. */
  #asked = 0
  /** On stderr, since it was started last. */
  readonly #said: string[] = []
  readonly #waiters = new Set<(readiness: Readiness) => void>()

  constructor(spec: WorkerSpec, deps: ManagedWorkerDeps) {
    this.name = spec.name
    this.#spec = spec
    this.#deps = deps
    this.#restarts = new Restarts(deps.clock, deps.restartLimits)
    this.#installation = new Installation(deps.dataDir, spec.name)
    this.#log = new WorkerLog({
      folder: deps.logFolder,
      onFailure: ({ message }) =>
        deps.log.warn(`what worker '${spec.name}' writes is lost: its log files can not be written: ${message}`),
    })
  }

  get state(): WorkerState {
    return this.#state
  }

  get spec(): WorkerSpec {
    return this.#spec
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get tail(): RunningWorker['tail'] {
    return { stdout: this.#log.tail('stdout'), stderr: this.#log.tail('stderr') }
  }

  /** Whether somebody wants it to run. */
  get isWanted(): boolean {
    return this.#wish === 'run'
  }

  /** Runs it as this says, ending what runs now. */
  run(spec: WorkerSpec, options: StartOptions = {}, graceMs = STOP_MS): void {
    this.#spec = spec
    this.#options = options
    this.#restarts.reset()
    this.problem = undefined
    this.#wishFor('run', graceMs)
  }

  /** What counts when it is run next. */
  keep(spec: WorkerSpec): void {
    this.#spec = spec
  }

  /** Resolves when its process, and whatever that started, is gone. */
  async stop(graceMs = STOP_MS): Promise<void> {
    this.#wishFor('rest', graceMs)
    await this.#work
    await this.#installs
    await this.#log.written()
  }

  ready(ms: number): Promise<Readiness> {
    if (this.#state === 'running' && this.#readyTurn === this.#turn) return Promise.resolve('ready')
    if (this.#state === 'gave up' || this.#wish === 'rest') return Promise.resolve('ended')
    return new Promise((resolve) => {
      const settle = (readiness: Readiness): void => {
        cancel()
        this.#waiters.delete(settle)
        resolve(readiness)
      }
      const cancel = this.#deps.clock.after(ms, () => settle('late'))
      this.#waiters.add(settle)
    })
  }

  async forgetInstallation(): Promise<void> {
    // Not before a script that is under way has noted that it ran.
    await this.#installs
    await this.#installation.forget()
  }

  /** Of an operation: it goes on although the worker is started again meanwhile, and ends when it is to rest. @throws W160 */
  async install(folder: string, script: string, env: Readonly<Record<string, string>>): Promise<void> {
    const turn = this.#turn
    this.#asked++
    try {
      await this.#installAs({ folder, script, env, isOver: () => this.#turn !== turn && this.#wish === 'rest' })
    } finally {
      this.#asked--
    }
  }

  async #installAs(order: InstallOrder): Promise<void> {
    // One after the other: an operation and a restart may both want it.
    const installed = this.#installs.then(() => this.#installOnce(order))
    this.#installs = installed.catch(() => {})
    return installed
  }

  async #installOnce({ folder, script, env, isOver: isUnwanted }: InstallOrder): Promise<void> {
    if (isUnwanted()) throw new WorkerOpError('W170', `The installation of worker '${this.name}' was cancelled.`)
    if (await this.#installation.isDone(folder, script)) return
    const { command, args } = shell(script)
    this.#deps.log.info(`worker '${this.name}' is installed: ${script}`)
    const started = await this.#deps.processes.start({
      command,
      args,
      cwd: folder,
      env,
      name: `${this.name} install`,
      stop_ms: CHANGED_MS,
      onLine: (line, stream) => this.#line(line, stream),
    })
    let isLate = false
    const cancel = this.#deps.clock.after(INSTALL_MS, () => {
      isLate = true
      void started.stop({ graceMs: CHANGED_MS })
    })
    do if (isUnwanted()) await started.stop({ graceMs: CHANGED_MS })
    while ((await Promise.race([started.exited, this.#turn.promise])) === 'changed')
    const exit = await started.exited
    cancel()
    if (exit.code === 0) return this.#installation.done(folder, script)
    const how = isLate ? `did not end within ${INSTALL_MS / 1000} s` : told(exit)
    throw new WorkerOpError(
      'W160',
      `The install script of worker '${this.name}' (${script}) ${how}${lastWords(this.#said)}`,
      {
        worker: this.name,
      },
    )
  }

  #line(line: string, stream: ProcessStream): void {
    this.#log.line(line, stream)
    if (stream === 'stdout') return
    this.#said.push(line)
    if (this.#said.length > LOG_LIMITS.tailLines) this.#said.shift()
  }

  // ── the machine ──────────────────────────────────────────────────────────────────────────────────────────────────

  #wishFor(wish: 'run' | 'rest', graceMs: number): void {
    this.#wish = wish
    this.#graceMs = graceMs
    const turn = this.#turn
    this.#turn = Promise.withResolvers()
    turn.resolve('changed')
    if (wish === 'rest') this.#settle('ended')
    this.#work ??= this.#workOn()
  }

  async #workOn(): Promise<void> {
    // Whoever wishes twice in one step is understood once.
    await Promise.resolve()
    while (this.#wish === 'run') await this.#runOnce(this.#turn.promise)
    this.#become('stopped')
    this.#work = undefined
  }

  /** From the install script to the end of the process, and what is waited for after it. */
  async #runOnce(changed: Promise<'changed'>): Promise<void> {
    const { clock } = this.#deps
    const how = await this.#execute(changed)
    if (how === 'changed') return
    const waitMs = this.#restarts.ended(this.#began === undefined ? 0 : clock.passed() - this.#began)
    this.problem = how
    if (waitMs === undefined) {
      this.#deps.log.error(`worker '${this.name}' ${how}, and is not started again`)
      this.#become('gave up')
      this.#settle('ended')
      await changed
      return
    }
    this.#deps.log.error(`worker '${this.name}' ${how}; it is started again in ${waitMs} ms`)
    this.#become('backing off')
    this.#settle('ended')
    await this.#waitFor(waitMs, changed)
  }

  /** How it ended, in words; `changed`: something else was wished, and its process is gone. */
  async #execute(changed: Promise<'changed'>): Promise<string> {
    const { launch: look, environment, processes, clock } = this.#deps
    const turn = this.#turn
    this.#began = undefined
    this.#said.length = 0
    let watch: SourceWatch | undefined
    try {
      this.#become('installing')
      const spec = this.#spec
      const options = this.#options
      // What is fetched for it may take long; nobody waits for that who wants something else.
      const launch = await Promise.race([look(spec, options), changed])
      if (launch === 'changed') return 'changed'
      const env = await environment(spec, launch, options)
      if (launch.install !== undefined) {
        await this.#installAs({ folder: launch.cwd, script: launch.install, env, isOver: () => this.#turn !== turn })
      }
      if (await isOver(changed)) return 'changed'
      if (launch.sources !== undefined) {
        watch = this.#watchSources(launch.sources)
        await watch.ready
      }
      if (await isOver(changed)) return 'changed'
      this.#become('starting')
      const since = clock.now()
      const started = await processes.start({
        command: launch.command,
        args: launch.args,
        cwd: launch.cwd,
        env,
        name: this.name,
        stop_ms: STOP_MS,
        onLine: (line, stream) => this.#line(line, stream),
      })
      this.#process = started
      this.#began = clock.passed()
      this.#deps.onState()
      return await this.#untilEnd(started, launch, since, changed)
    } catch (error) {
      if (await isOver(changed)) return 'changed'
      const reason = error instanceof WorkerOpError ? error.text : (error as Error).message
      return `could not be started: ${reason.replace(/\.$/, '')}`
    } finally {
      watch?.close()
      this.#process = undefined
    }
  }

  async #untilEnd(
    started: PluginProcess,
    { functions }: Launch,
    since: number,
    changed: Promise<'changed'>,
  ): Promise<string> {
    const turn = this.#turn
    const onReady = (): void => {
      this.problem = undefined
      this.#readyTurn = turn
      this.#become('running')
      this.#settle('ready')
    }
    const endWait = this.#deps.awaitReady({ name: this.name, pid: started.pid, since, functions, onReady })
    try {
      const ended = await Promise.race([started.exited, changed])
      endWait()
      if (ended === 'changed') {
        this.#become('stopping')
        await started.stop({ graceMs: this.#graceMs })
        return 'changed'
      }
      return `${told(ended)}${lastWords(this.#said)}`
    } finally {
      endWait()
    }
  }

  #watchSources(folder: string): SourceWatch {
    const { log, clock } = this.#deps
    const watch = new SourceWatch({
      name: this.name,
      folder,
      clock,
      log,
      onChange: (files) => {
        // What its install script writes; whoever runs that starts the worker again.
        if (this.#asked > 0) return
        if (!this.#changeRestarts.count(clock)) {
          log.warn(
            `worker '${this.name}' is not started again when files in '${folder}' change, for it changes them all the time: '${files[0]}'. Let it write into a folder 'data'`,
          )
          watch.close()
          return
        }
        log.info(`files of worker '${this.name}' have changed: it is started again`, { files: files.slice(0, 5) })
        this.#restarts.reset()
        if (this.#wish === 'run') this.#wishFor('run', CHANGED_MS)
      },
    })
    return watch
  }

  async #waitFor(ms: number, changed: Promise<'changed'>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(ms, resolve)
    await Promise.race([promise, changed])
    cancel()
  }

  #become(state: WorkerState): void {
    if (this.#state === state) return
    this.#state = state
    this.#deps.onState()
  }

  #settle(readiness: Readiness): void {
    for (const settle of [...this.#waiters]) settle(readiness)
  }
}

async function isOver(changed: Promise<'changed'>): Promise<boolean> {
  return (await Promise.race([changed, Promise.resolve()])) === 'changed'
}

const NOT_FOUND = 127
/** Characters of a line that a message repeats. */
const MAX_TOLD = 200

function told({ code, signal }: ProcessExit): string {
  if (signal !== null) return `was ended by ${signal}`
  if (code === NOT_FOUND)
    return 'ended with exit code 127: a program in its command was not found; install it, or correct the command'
  return `ended with exit code ${code}`
}

/** What runtimes write around the error itself. */
const OF_A_STACK = /^\s+at |^Node\.js v|^\s*\^+\s*$|^\s*$|^Emitted '/
/** `TypeError: …`, `sqlite3.OperationalError: …`; else whatever speaks of an error. */
const ERRORS = [/^(?:Uncaught )?(?:\w+\.)*\w*(?:Error|Exception)\b.*:/, /error|exception|panic|fatal/i]

/** What it said last, as a rule why. */
function lastWords(lines: readonly string[]): string {
  const telling = lines.filter((line) => !OF_A_STACK.test(line))
  const found = ERRORS.map((pattern) => telling.findLast((line) => pattern.test(line))).find(
    (line) => line !== undefined,
  )
  const line = found ?? telling.at(-1)
  return line === undefined ? '' : `: ${line.trim().slice(0, MAX_TOLD)}`
}
