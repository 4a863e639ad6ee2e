// `start-up`: what a user waits for and what an engine at rest costs. The real command line, with its caches warm.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../free-port.ts'
import { Connection } from '../load/connection.ts'
import { withinDeadline } from '../load/deadline.ts'
import { readTreeUsage } from '../measure/process-tree.ts'
import { describeMeasure, measuredCase } from '../measures.ts'
import type { BenchSession } from '../session.ts'
import { needsOwnEngine, type Scenario } from './scenario.ts'

const START_MS = 20_000
const RETRY_MS = 2
/** After this the engine is at rest, and its idle CPU is taken over the time after. */
const SETTLE_MS = 1_000
const IDLE_MS = 3_000

interface StartFigures {
  readonly listeningMs: number
  readonly rssMb: number | undefined
  readonly idlePercent: number | undefined
}

const startUp: Scenario = {
  title: 'start to listening, memory and CPU at rest',
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, progress } = session.options
    const folder = await session.temporaryFolder()
    const figures: StartFigures[] = []
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'start-up: warming the caches' : `start-up: round ${round} of ${rounds}`)
      const figure = await startOnce(session, folder)
      if (round > 0) figures.push(figure)
    }
    const known = (pick: (figure: StartFigures) => number | undefined): number[] =>
      figures.map(pick).filter((value) => value !== undefined)
    return [
      measuredCase('start-up', [
        describeMeasure(
          'listening',
          'ms',
          known((figure) => figure.listeningMs),
        ),
        describeMeasure(
          'rss',
          'MB',
          known((figure) => figure.rssMb),
        ),
        describeMeasure(
          'idle-cpu',
          '%',
          known((figure) => figure.idlePercent),
        ),
      ]),
    ]
  },
}

export default startUp

async function startOnce(session: BenchSession, folder: string): Promise<StartFigures> {
  const port = await freePort()
  const config = join(folder, 'iii-config.yaml')
  const workers = [{ name: 'iii-worker-manager', config: { host: '127.0.0.1', port } }, { name: 'iii-state' }]
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ workers }))
  const command = [process.execPath, launcher(), 'start', '--config', config]
  if (session.pinning !== undefined) command.unshift('taskset', '-c', session.pinning.target)
  const startedAt = performance.now()
  const engine = spawn(command[0]!, command.slice(1), {
    cwd: folder,
    env: { ...process.env, III_LOG: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    await untilListening(engine, `ws://127.0.0.1:${port}`)
    const listeningMs = performance.now() - startedAt
    await elapse(SETTLE_MS)
    return { listeningMs, ...(await measureRest(engine.pid)) }
  } finally {
    await end(engine)
  }
}

async function untilListening(engine: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (engine.exitCode !== null) throw new Error(`The engine ended with code ${engine.exitCode} at its start.`)
    try {
      const connection = await Connection.open(url, { onFrame: () => {} })
      return connection.close()
    } catch (cause) {
      if (performance.now() > deadline)
        throw new Error(`The engine did not listen within ${START_MS / 1000} s.`, { cause })
    }
    await elapse(RETRY_MS)
  }
}

async function measureRest(pid: number | undefined): Promise<Pick<StartFigures, 'rssMb' | 'idlePercent'>> {
  const before = pid === undefined ? undefined : readTreeUsage(pid)
  const startedAt = performance.now()
  await elapse(IDLE_MS)
  const after = pid === undefined ? undefined : readTreeUsage(pid)
  if (before === undefined || after === undefined) return { rssMb: undefined, idlePercent: undefined }
  const cpuMs = (after.cpuMicros - before.cpuMicros) / 1000
  return { rssMb: after.rssBytes / 1024 / 1024, idlePercent: (cpuMs / (performance.now() - startedAt)) * 100 }
}

async function end(engine: ChildProcess): Promise<void> {
  if (engine.exitCode !== null || engine.signalCode !== null) return
  const exited = once(engine, 'exit')
  engine.kill('SIGTERM')
  if (await withinDeadline(exited, START_MS)) return
  engine.kill('SIGKILL')
  await exited
}

/** Two levels up from the sources, three from `dist`. */
function launcher(): string {
  const candidates = ['../../bin/iii.mjs', '../../../bin/iii.mjs'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  return candidates.find((path) => existsSync(path)) ?? candidates[0]!
}
