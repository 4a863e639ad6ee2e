// The keeper process: what plugins started never outlives the engine, nor the keeper.
import { readFileSync } from 'node:fs'
import { expect, test, onTestFinished } from 'vitest'
import { ProcessKeeper } from '../../../../core/host/processes/process-keeper.ts'
import type { ProcessExit } from '../../../../sdk/plugin.ts'
import { engineFolder } from '../../../support/engine-process.ts'
import { childrenOf, isAlive, isZombie } from '../../../support/process-alive.ts'
import { RawClient } from '../../../support/raw-client.ts'

const PLUGIN = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'runner', async start({ iii, processes }) {
  const shell = 'sleep 1000 & echo $!; trap "" TERM; wait'
  const child = Promise.withResolvers()
  const [plain, parent] = await Promise.all([
    processes.start({ command: 'sleep', args: ['1000'] }),
    processes.start({ command: 'sh', args: ['-c', shell], onLine: (line) => child.resolve(Number(line)) }),
  ])
  const pids = [plain.pid, parent.pid, await child.promise]
  iii.registerFunction('runner::pids', () => pids)
} })
`

/** User time of a process so far, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11])
}

const gone = (pids: readonly number[]): Promise<void> =>
  expect.poll(() => pids.filter(isAlive), { timeout: 5_000, interval: 20 }).toEqual([])

test('After kill -9 of the engine its processes are gone within seconds, with all that they had started', async () => {
  const folder = await engineFolder('  - name: runner\n')
  onTestFinished(() => folder.remove())
  await folder.write('plugins/runner.ts', PLUGIN)
  const engine = await folder.start()
  const client = await RawClient.connect(folder.url)
  const { result } = await client.call('runner::pids')
  const pids = result as number[]
  expect(pids.map(isAlive)).toEqual([true, true, true])
  const keepers = childrenOf(engine.pid).filter((pid) => childrenOf(pid).includes(pids[0] ?? 0))
  expect(keepers).toHaveLength(1)
  await engine.kill()
  await gone([...pids, ...keepers])
})

const ENDLESS = `import { definePlugin } from 'iii-host/plugin'
export default definePlugin({ name: 'endless', isolation: 'process', start({ iii }) {
  iii.registerFunction('endless::pid', () => process.pid)
  iii.registerFunction('endless::compute', () => { for (;;); })
} })
`

test.each([
  { end: 'kill -9', signal: 'SIGKILL' },
  { end: 'a second signal', signal: 'SIGTERM' },
] as const)(
  'After $end a plugin whose process computes without end is gone within seconds, too',
  async ({ signal }) => {
    const folder = await engineFolder('  - name: endless\n')
    onTestFinished(() => folder.remove())
    await folder.write('plugins/endless.ts', ENDLESS)
    const engine = await folder.start()
    const client = await RawClient.connect(folder.url)
    const pid = (await client.call('endless::pid')).result as number
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    })
    const children = childrenOf(engine.pid)
    expect(children).toContain(pid)
    void client.call('endless::compute').catch(() => {})
    await expect.poll(() => cpuTicks(pid), { timeout: 5_000, interval: 50 }).toBeGreaterThan(cpuTicks(pid) + 20)
    // What follows within a quarter of a second is the same press.
    const insisting = setInterval(() => process.kill(engine.pid, signal), 50)
    process.kill(engine.pid, signal)
    await engine.exited
    clearInterval(insisting)
    await gone(children)
  },
)

interface Watched {
  readonly keeper: ProcessKeeper
  readonly pid: number
  readonly exited: Promise<ProcessExit>
}

async function sleeping(keeper = new ProcessKeeper()): Promise<Watched> {
  onTestFinished(() => keeper.close())
  const exited = Promise.withResolvers<ProcessExit>()
  const pid = await new Promise<number>((resolve, reject) => {
    const order = { command: 'sleep', args: ['1000'], cwd: process.cwd(), env: {}, logFile: null, stopMs: 1000 }
    keeper.start(order, {
      started: resolve,
      failed: (message) => reject(new Error(message)),
      lines() {},
      dropped() {},
      exited: exited.resolve,
    })
  })
  return { keeper, pid, exited: exited.promise }
}

const keeperOf = (pid: number): number => {
  const keeper = childrenOf(process.pid).find((child) => childrenOf(child).includes(pid))
  if (keeper === undefined) throw new Error('there is no keeper')
  return keeper
}

test('When the keeper is killed the engine ends its processes, and the next one gets a new keeper', async () => {
  const { keeper, pid, exited } = await sleeping()
  process.kill(keeperOf(pid), 'SIGKILL')
  expect(await exited).toEqual({ code: null, signal: 'SIGKILL' })
  await gone([pid])
  const next = await sleeping(keeper)
  expect(isAlive(next.pid)).toBe(true)
})

test('The keeper heeds no SIGTERM of its own, and ends with all that it keeps when it is closed', async () => {
  const { keeper, pid } = await sleeping()
  const keeperPid = keeperOf(pid)
  process.kill(keeperPid, 'SIGTERM')
  const other = await sleeping(keeper)
  await keeper.close()
  await gone([pid, other.pid, keeperPid])
})

test('A process that has ended leaves no zombie', async () => {
  const { keeper, pid, exited } = await sleeping()
  const keeperPid = keeperOf(pid)
  keeper.stop(0, 1000)
  expect(await exited).toEqual({ code: null, signal: 'SIGTERM' })
  expect(isZombie(pid)).toBe(false)
  expect(childrenOf(keeperPid)).toEqual([])
})
