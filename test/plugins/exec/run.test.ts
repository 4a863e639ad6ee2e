// One run of the commands of an entry, on a clock of the test and with processes that are none.
import { expect, test } from 'vitest'
import { FIRST_WAIT_MS, LONGEST_WAIT_MS, Restarts, WELL_AFTER_MS } from '../../../plugins/exec/restarts.ts'
import { Run, STOP_MS } from '../../../plugins/exec/run.ts'
import { Runs } from '../../../plugins/exec/runs.ts'
import type { PluginProcesses, ProcessExit, ProcessOptions } from '../../../sdk/plugin.ts'
import { collectingLog } from '../../../testing/index.ts'
import { ManualClock, settled } from '../../../testing/manual-clock.ts'

interface Fake {
  readonly options: ProcessOptions
  readonly graces: (number | undefined)[]
  /** It is there. */
  come(): void
  end(exit: Partial<ProcessExit>): Promise<void>
}

/** Processes that come and end when the test says so. */
class FakeProcesses implements PluginProcesses {
  readonly all: Fake[] = []

  readonly start: PluginProcesses['start'] = (options) => {
    const started = Promise.withResolvers<void>()
    const exited = Promise.withResolvers<ProcessExit>()
    const graces: (number | undefined)[] = []
    this.all.push({
      options,
      graces,
      come: () => started.resolve(),
      async end(exit) {
        started.resolve()
        await settled()
        exited.resolve({ code: null, signal: null, ...exit })
        await settled()
      },
    })
    return started.promise.then(() => ({
      pid: this.all.length,
      name: options.name ?? '',
      exited: exited.promise,
      async stop({ graceMs } = {}) {
        graces.push(graceMs)
        await exited.promise
      },
    }))
  }
}

function running(commands: readonly string[], max = 3) {
  const processes = new FakeProcesses()
  const clock = new ManualClock()
  const problems: (string | undefined)[] = []
  const log = collectingLog()
  const onProblem = (problem: string | undefined): void => void problems.push(problem)
  const begin = () => new Run({ commands, env: {}, restarts: new Restarts(max), processes, log, clock, onProblem })
  return { processes, clock, problems, log, runs: new Runs(begin) }
}

test('the end of a run waits for its process, which gets the grace, and begins nothing more', async () => {
  const { processes, runs } = running(['one', 'two'])
  runs.again(STOP_MS)
  await settled()
  processes.all[0]!.come()
  await settled()
  let isOver = false
  void runs.close(3_000).then(() => (isOver = true))
  await settled()
  expect(processes.all[0]!.graces).toEqual([3_000])
  expect(isOver).toBe(false)
  await processes.all[0]!.end({ signal: 'SIGTERM' })
  expect(isOver).toBe(true)
  expect(processes.all).toHaveLength(1)
})

test('a process that comes after the end has begun is ended as well', async () => {
  const { processes, runs } = running(['one'])
  runs.again(STOP_MS)
  await settled()
  const closed = runs.close(3_000)
  processes.all[0]!.come()
  await settled()
  expect(processes.all[0]!.graces).toEqual([3_000])
  await processes.all[0]!.end({ signal: 'SIGTERM' })
  await closed
})

test('however often another run is asked for while one is being ended, one begins, when the other is gone', async () => {
  const { processes, runs } = running(['one'])
  runs.again(STOP_MS)
  await settled()
  processes.all[0]!.come()
  await settled()
  for (let count = 0; count < 5; count++) runs.again(0)
  await settled()
  expect(processes.all).toHaveLength(1)
  expect(processes.all[0]!.graces).toEqual([0])
  await processes.all[0]!.end({ signal: 'SIGKILL' })
  expect(processes.all).toHaveLength(2)
  processes.all[1]!.come()
  await settled()
  expect(processes.all[1]!.graces).toEqual([])

  runs.again(0)
  await settled()
  await processes.all[1]!.end({ signal: 'SIGKILL' })
  expect(processes.all).toHaveLength(3)
})

test('another run that is asked for right after one has begun is not forgotten', async () => {
  let begun = 0
  const runs = new Runs(() => {
    if (++begun === 1) queueMicrotask(() => runs.again(0))
    return { end: async () => {} } as unknown as Run
  })
  runs.again(0)
  await settled()
  expect(begun).toBe(2)
})

test('a command that has failed and runs for a while is well again, and its failures are counted anew', async () => {
  const { processes, clock, problems, runs } = running(['one'], 1)
  runs.again(STOP_MS)
  await settled()
  await processes.all[0]!.end({ code: 3 })
  expect(problems.at(-1)).toBe("'one' failed with exit code 3; it is started again")
  await clock.pass(FIRST_WAIT_MS)
  processes.all[1]!.come()
  await clock.pass(WELL_AFTER_MS - 1)
  expect(problems.at(-1)).toContain('started again')
  await clock.pass(1)
  expect(problems.at(-1)).toBeUndefined()
  await processes.all[1]!.end({ code: 4 })
  expect(problems.at(-1)).toBe("'one' failed with exit code 4; it is started again")
  await clock.pass(FIRST_WAIT_MS)
  await processes.all[2]!.end({ code: 5 })
  expect(problems.at(-1)).toBe("'one' failed with exit code 5, and is not started again")
  expect(clock.waiting).toBe(0)
})

test('waits double up to the longest one, without end where there is no limit', () => {
  const restarts = new Restarts(Number.POSITIVE_INFINITY)
  const waits = Array.from({ length: 100 }, () => restarts.failed(0))
  expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000])
  expect(waits.at(-1)).toBe(LONGEST_WAIT_MS)
})

test('a command is called by itself, on one line and not too long', async () => {
  const { processes, log, runs } = running([`echo one\necho two ${'x'.repeat(200)}`])
  runs.again(STOP_MS)
  await settled()
  expect(processes.all[0]!.options.name).toMatch(/^echo one echo two x+…$/)
  expect(processes.all[0]!.options.name).toHaveLength(100)
  await processes.all[0]!.end({ code: 126 })
  expect(log.lines.at(-1)!.message).toMatch(
    /^'echo one .*…' failed with exit code 126: a program in it may not be executed/,
  )
  await runs.close(0)
})
