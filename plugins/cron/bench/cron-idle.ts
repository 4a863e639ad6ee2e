// `cron-idle`: what cron triggers cost while none of them fires. The same engine with its triggers and without them, in turns; a
// worker holds them, and is connected either way.
import { setTimeout as elapse } from 'node:timers/promises'
import { CallClient } from '../../../bench/load/call-client.ts'
import { readFineCpuMicros } from '../../../bench/measure/process-tree.ts'
import { describeMeasure, measuredCase } from '../../../bench/measures.ts'
import { needsOwnEngine, type Scenario } from '../../../bench/scenarios/scenario.ts'

const TRIGGERS = 1_000
const FUNCTION = 'bench::cron'
/** Of the measured time of a round: timers that come once in a while are to show. */
const ROUNDS_PER_MEASURE = 3
/** What registering has stirred up is over by then. */
const SETTLE_MS = 500
const REGISTER_MS = 10_000

const cronIdle: Scenario = {
  title: `${TRIGGERS.toLocaleString('en-US')} cron triggers, none of them due`,
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, durationMs, progress } = session.options
    const { url, pid } = await session.target('reactive')
    const worker = await CronWorker.connect(url)
    const idle: number[] = []
    const withTriggers: number[] = []
    try {
      for (let round = 0; round <= rounds; round++) {
        progress(round === 0 ? 'cron-idle: warming up' : `cron-idle: round ${round} of ${rounds}`)
        const without = await idleCpu(pid, round === 0 ? 0 : durationMs * ROUNDS_PER_MEASURE)
        await worker.register()
        const beside = await idleCpu(pid, round === 0 ? 0 : durationMs * ROUNDS_PER_MEASURE)
        await worker.unregister()
        if (without === undefined || beside === undefined) continue
        idle.push(without)
        withTriggers.push(beside)
      }
    } finally {
      worker.close()
    }
    const added = withTriggers.map((percent, round) => percent - idle[round]!)
    return [
      measuredCase('cron-idle', [
        describeMeasure('added-cpu', '%', added),
        describeMeasure('cpu', '%', withTriggers),
        describeMeasure('cpu-without', '%', idle),
      ]),
    ]
  },
}

export default cronIdle

/** Share of one core that the process tree uses, in per cent. */
async function idleCpu(pid: number | undefined, ms: number): Promise<number | undefined> {
  await elapse(SETTLE_MS)
  const before = pid === undefined ? undefined : readFineCpuMicros(pid)
  const startedAt = performance.now()
  await elapse(ms)
  const after = pid === undefined ? undefined : readFineCpuMicros(pid)
  const elapsed = performance.now() - startedAt
  if (before === undefined || after === undefined || ms === 0) return undefined
  return ((after - before) / 1000 / elapsed) * 100
}

/** A worker with one function and many schedules for it. */
class CronWorker {
  readonly #client: CallClient
  readonly #ids = Array.from({ length: TRIGGERS }, () => crypto.randomUUID())

  static async connect(url: string): Promise<CronWorker> {
    const client = await CallClient.open(url)
    client.send({ type: 'registerfunction', id: FUNCTION })
    await client.call('engine::workers::register', { runtime: 'node', name: 'bench-cron', pid: process.pid })
    return new CronWorker(client)
  }

  private constructor(client: CallClient) {
    this.#client = client
  }

  async register(): Promise<void> {
    for (const [index, id] of this.#ids.entries()) {
      const expression = `${index % 60} ${Math.floor(index / 60) % 60} 4 1 1 * 2090`
      this.#client.send({
        type: 'registertrigger',
        id,
        trigger_type: 'cron',
        function_id: FUNCTION,
        config: { expression },
      })
    }
    await this.#untilListed(TRIGGERS)
  }

  /** Rejects when the engine no longer had all of them: one that it refused late would else make the figure a better one. */
  async unregister(): Promise<void> {
    const listed = await this.#listed()
    if (listed !== TRIGGERS) throw new Error(`The engine kept ${listed} of ${TRIGGERS} cron triggers.`)
    for (const id of this.#ids) this.#client.send({ type: 'unregistertrigger', id, trigger_type: 'cron' })
    await this.#untilListed(0)
  }

  close(): void {
    this.#client.close()
  }

  async #untilListed(wanted: number): Promise<void> {
    const deadline = performance.now() + REGISTER_MS
    for (;;) {
      const listed = await this.#listed()
      if (listed === wanted) return
      if (performance.now() > deadline) {
        throw new Error(`The engine lists ${listed} cron triggers ${REGISTER_MS / 1000} s after ${wanted} were wanted.`)
      }
      await elapse(50)
    }
  }

  async #listed(): Promise<number> {
    const query = { trigger_type: 'cron', function_id: FUNCTION }
    const answer = await this.#client.call('engine::registered-triggers::list', query)
    return (answer as { registered_triggers: readonly unknown[] }).registered_triggers.length
  }
}
