// The parts of a running worker with time in the hands of the test: restarts, the state machine, log files, variables, sources.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock, type Clock } from '../../../base/time/clock.ts'
import { variablesOf } from '../../../plugins/worker-ops/running/environment.ts'
import { ManagedWorker } from '../../../plugins/worker-ops/running/managed-worker.ts'
import type { Awaited } from '../../../plugins/worker-ops/running/readiness.ts'
import { RESTART_LIMITS, Restarts } from '../../../plugins/worker-ops/running/restarts.ts'
import { ChangeRestarts, SourceWatch } from '../../../plugins/worker-ops/running/source-watch.ts'
import { WorkerLog } from '../../../plugins/worker-ops/running/worker-log.ts'
import type { PluginProcess, ProcessExit, ProcessOptions } from '../../../sdk/plugin.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'

/** Stands still unless it is moved. */
class HeldClock implements Clock {
  #time = 1_000_000
  #tasks: { at: number; task: () => void }[] = []

  now = (): number => this.#time
  passed = (): number => this.#time

  after(ms: number, task: () => void): () => void {
    const entry = { at: this.#time + ms, task }
    this.#tasks.push(entry)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry)
    }
  }

  /** Milliseconds until the next task. */
  get next(): number | undefined {
    return this.#tasks.length === 0 ? undefined : Math.min(...this.#tasks.map(({ at }) => at)) - this.#time
  }

  async pass(ms: number): Promise<void> {
    this.#time += ms
    const due = this.#tasks.filter(({ at }) => at <= this.#time)
    this.#tasks = this.#tasks.filter(({ at }) => at > this.#time)
    for (const { task } of due) task()
    await settled()
  }
}

/** Everything that waits for nothing has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

class Scene {
  readonly clock = new HeldClock()
  readonly log = collectingLog()
  readonly started: { options: ProcessOptions; end: (exit: ProcessExit) => void; grace: number | undefined }[] = []
  awaited: Awaited | undefined
  readonly states: string[] = []
  launchError: Error | undefined
  readonly worker: ManagedWorker

  constructor() {
    const folder = tempFolder()
    this.worker = new ManagedWorker(
      { name: 'w', path: undefined, config: {} },
      {
        clock: this.clock,
        log: this.log,
        logFolder: join(folder, 'logs'),
        dataDir: folder,
        processes: { start: async (options) => this.#start(options) },
        launch: async () => {
          if (this.launchError !== undefined) throw this.launchError
          return {
            command: 'x',
            args: [],
            cwd: folder,
            manifestEnv: {},
            config: {},
            install: undefined,
            sources: undefined,
            functions: [],
          }
        },
        environment: async () => ({}),
        awaitReady: (awaited) => {
          this.awaited = awaited
          return () => {}
        },
        onState: () => {
          const { state } = this.worker
          if (this.states.at(-1) !== state) this.states.push(state)
        },
      },
    )
    onTestFinished(async () => {
      const stopped = this.worker.stop()
      await settled()
      this.started.at(-1)?.end({ code: 0, signal: null })
      await stopped
    })
  }

  #start(options: ProcessOptions): PluginProcess {
    const { promise, resolve } = Promise.withResolvers<ProcessExit>()
    const entry = { options, end: resolve, grace: undefined as number | undefined }
    this.started.push(entry)
    return {
      pid: 1000 + this.started.length,
      name: 'w',
      exited: promise,
      stop: async ({ graceMs } = {}) => {
        entry.grace = graceMs
        resolve({ code: null, signal: 'SIGTERM' })
        await promise
      },
    }
  }

  async run(): Promise<void> {
    this.worker.run(this.worker.spec)
    await settled()
  }

  async crash(code = 1): Promise<void> {
    this.started.at(-1)?.end({ code, signal: null })
    await settled()
  }
}

describe('a managed worker', () => {
  test('is running once it is ready, and stopped when it was told to', async () => {
    const scene = new Scene()
    await scene.run()
    expect(scene.worker.state).toBe('starting')
    const ready = scene.worker.ready(1_000)
    scene.awaited?.onReady()
    expect(await ready).toBe('ready')
    expect(scene.worker).toMatchObject({ state: 'running', pid: 1001 })
    await scene.worker.stop()
    expect(scene.states).toEqual(['installing', 'starting', 'running', 'stopping', 'stopped'])
    expect(scene.started[0]?.grace).toBe(10_000)
    expect(scene.worker.pid).toBeUndefined()
  })

  test('is started again ever later, and given up after ten ends within five minutes', async () => {
    const scene = new Scene()
    await scene.run()
    const waits: (number | undefined)[] = []
    for (let end = 1; end < 10; end++) {
      await scene.crash()
      expect(scene.worker.state).toBe('backing off')
      waits.push(scene.clock.next)
      await scene.clock.pass(scene.clock.next ?? 0)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30].map((seconds) => seconds * 1000))
    const ready = scene.worker.ready(1_000)
    await scene.crash(7)
    expect(await ready).toBe('ended')
    expect(scene.worker).toMatchObject({ state: 'gave up', problem: 'ended with exit code 7' })
    expect(await scene.worker.ready(1_000)).toBe('ended')
    await scene.run()
    expect(scene.worker.state).toBe('starting')
    expect(scene.started).toHaveLength(11)
  })

  test('that ran for a minute waits as after its first end', async () => {
    const scene = new Scene()
    await scene.run()
    await scene.crash()
    await scene.clock.pass(1_000)
    await scene.crash()
    expect(scene.clock.next).toBe(2_000)
    await scene.clock.pass(2_000)
    await scene.clock.pass(60_000)
    await scene.crash()
    expect(scene.clock.next).toBe(1_000)
  })

  test('that can not be started is tried again, with the reason', async () => {
    const scene = new Scene()
    scene.launchError = new Error('there is no folder')
    await scene.run()
    expect(scene.worker).toMatchObject({
      state: 'backing off',
      problem: 'could not be started: there is no folder',
    })
    scene.launchError = undefined
    await scene.clock.pass(1_000)
    expect(scene.worker.state).toBe('starting')
  })

  test('is stopped at once while it waits to be started again', async () => {
    const scene = new Scene()
    await scene.run()
    await scene.crash()
    await scene.worker.stop()
    expect(scene.worker.state).toBe('stopped')
    await scene.clock.pass(60_000)
    expect(scene.started).toHaveLength(1)
  })

  test('never has two processes, however often something else is wished', async () => {
    const scene = new Scene()
    for (let wish = 0; wish < 5; wish++) {
      scene.worker.run(scene.worker.spec)
      void scene.worker.stop()
      scene.worker.run(scene.worker.spec)
    }
    await settled()
    expect(scene.started).toHaveLength(1)
    scene.worker.run(scene.worker.spec)
    scene.worker.run(scene.worker.spec)
    await settled()
    expect(scene.started).toHaveLength(2)
    expect(scene.started[0]?.grace).toBe(10_000)
  })

  test('that is to run anew is not ready because the run before was', async () => {
    const scene = new Scene()
    await scene.run()
    scene.awaited?.onReady()
    scene.worker.run(scene.worker.spec)
    let readiness: string | undefined
    void scene.worker.ready(1_000).then((told) => (readiness = told))
    await settled()
    expect([scene.worker.state, readiness]).toEqual(['starting', undefined])
    scene.awaited?.onReady()
    await settled()
    expect(readiness).toBe('ready')
  })

  test('is late when it is not ready in time', async () => {
    const scene = new Scene()
    await scene.run()
    const ready = scene.worker.ready(500)
    await scene.clock.pass(500)
    expect(await ready).toBe('late')
  })

  test('says why it ended by the error that it wrote, not by what stands behind it', async () => {
    const scene = new Scene()
    await scene.run()
    const { options } = scene.started[0]!
    for (const line of [
      'file:///x.mjs:1',
      'throw new Error()',
      '      ^',
      '',
      'Error: no such host',
      '    at x',
      '',
      'Node.js v26.1.0',
    ])
      options.onLine?.(line, 'stderr')
    options.onLine?.('bye', 'stdout')
    await scene.crash()
    expect(scene.worker.problem).toBe('ended with exit code 1: Error: no such host')
  })
})

test('ends that lie further apart than five minutes are not counted together', () => {
  const clock = new HeldClock()
  const restarts = new Restarts(clock)
  for (let end = 0; end < 50; end++) {
    expect(restarts.ended(0)).toBeLessThanOrEqual(RESTART_LIMITS.longestMs)
    void clock.pass(40_000)
  }
})

describe('the log of a worker', () => {
  test('is put aside when it is full, and the oldest part is forgotten', async () => {
    const folder = tempFolder()
    const log = new WorkerLog({ folder, onFailure: () => {}, limits: { fileBytes: 100, older: 2 } })
    for (let line = 1; line <= 40; line++) {
      log.line(`line ${String(line).padStart(4, '0')}`, 'stdout')
      await log.written()
    }
    const text = (name: string): string => readFileSync(join(folder, name), 'utf8')
    expect(text('stdout.log')).toContain('line 0040')
    expect(text('stdout.log.1').length).toBeLessThanOrEqual(100)
    expect(existsSync(join(folder, 'stdout.log.2'))).toBe(true)
    expect(existsSync(join(folder, 'stdout.log.3'))).toBe(false)
    expect(log.tail('stdout')).toHaveLength(20)
  })

  test('goes on behind what was there', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'stderr.log'), 'before\n')
    const log = new WorkerLog({ folder, onFailure: () => {} })
    log.line('after', 'stderr')
    await log.written()
    expect(readFileSync(join(folder, 'stderr.log'), 'utf8')).toBe('before\nafter\n')
  })

  test('that can not be written tells so once, and again after it could', async () => {
    const folder = join(tempFolder(), 'logs')
    writeFileSync(folder, 'a file')
    const failures: string[] = []
    const log = new WorkerLog({ folder, onFailure: ({ message }) => failures.push(message) })
    for (let line = 0; line < 3; line++) {
      log.line('x', 'stdout')
      await log.written()
    }
    expect(failures).toHaveLength(1)
    expect(log.tail('stdout')).toEqual(['x', 'x', 'x'])
  })

  test('loses what is too much at once, and says how much', async () => {
    const folder = tempFolder()
    const log = new WorkerLog({ folder, onFailure: () => {}, limits: { waitingBytes: 100 } })
    for (let line = 0; line < 100; line++) log.line('x'.repeat(50), 'stdout')
    await log.written()
    log.line('end', 'stdout')
    await log.written()
    expect(readFileSync(join(folder, 'stdout.log'), 'utf8')).toMatch(/x\n… 98 lines could not be written\nend\n$/)
  })
})

test('settings become variables', () => {
  expect(
    variablesOf({
      maxItems: 3,
      db: { url: 'x', 'read-only': true },
      tags: ['a'],
      none: null,
      HTTPPort: 1,
      deep: { a: {} },
    }),
  ).toEqual([
    ['MAX_ITEMS', '3'],
    ['DB_URL', 'x'],
    ['DB_READ_ONLY', 'true'],
    ['TAGS', '["a"]'],
    ['HTTPPORT', '1'],
  ])
  expect(variablesOf(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 1])))).toHaveLength(256)
})

describe('the sources of a worker', () => {
  test('are what people write, not what is made of it', async () => {
    const folder = tempFolder()
    const { mkdirSync } = await import('node:fs')
    for (const name of ['src', 'node_modules', 'dist', '.git', 'data']) mkdirSync(join(folder, name))
    const told: string[] = []
    const log = collectingLog()
    const watch = new SourceWatch({
      name: 'w',
      folder,
      clock: systemClock,
      log,
      onChange: (files) => told.push(...files),
    })
    onTestFinished(() => watch.close())
    await watch.ready
    for (const name of [
      'node_modules/a.js',
      'dist/a.js',
      '.git/HEAD',
      'data/x.json',
      'a.log',
      'x.sqlite-wal',
      '.x.swp',
    ])
      writeFileSync(join(folder, name), 'x')
    writeFileSync(join(folder, 'src/a.ts'), 'x')
    writeFileSync(join(folder, '.env'), 'x')
    await expect
      .poll(() => told.toSorted(), { timeout: 10_000 })
      .toEqual([join(folder, '.env'), join(folder, 'src/a.ts')])
  })

  test('that change all the time are told apart from those that are edited', () => {
    const clock = new HeldClock()
    const restarts = new ChangeRestarts()
    expect(Array.from({ length: 21 }, () => restarts.count(clock)).filter(Boolean)).toHaveLength(20)
    void clock.pass(60_000)
    expect(restarts.count(clock)).toBe(true)
  })
})
