// `start-up`: what a user waits for and what an engine at rest costs, with all default workers. The real command line, its caches
// warm, beside an empty process that opens a WebSocket server; and the same where the Node of PATH is too old for it: by the name of the
// launcher, and with the launcher handed to that Node.
import { basename, join } from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import { memoryOf, readTreeUsage } from '../measure/process-tree.ts'
import { describeMeasure, measuredCase } from '../measures.ts'
import { olderNode } from '../older-node.ts'
import type { CaseReport, MeasureReport } from '../report.ts'
import type { BenchSession } from '../session.ts'
import { CommandLineEngine, type CommandLine } from '../targets/command-line-engine.ts'
import { needsOwnEngine, type Scenario } from './scenario.ts'

/** After this the engine is at rest and has given back the memory of its start; its idle CPU is taken over the time after. */
const SETTLE_MS = 3_000
const IDLE_MS = 3_000
/** Some seconds after a start it writes what makes the next one quick, which itself fills a cache of what it has compiled. */
const WARM_MS = [10_000, 1_000]
const MB = 1024 * 1024

/** Of one start; what this system does not tell is undefined. */
interface Figures {
  readonly [name: string]: { readonly unit: string; readonly value: number | undefined }
}

const startUp: Scenario = {
  title: 'start to listening and ready, CPU, memory and CPU at rest, all default workers',
  unfit: needsOwnEngine,
  async run(session) {
    const { rounds, progress } = session.options
    const folder = await session.temporaryFolder()
    const older = olderNode()
    const figures: Figures[] = []
    const named: Figures[] = []
    const launched: Figures[] = []
    progress('start-up: warming the caches')
    await warmCaches(session, join(folder, 'engine'))
    for (let round = 1; round <= rounds; round++) {
      progress(`start-up: round ${round} of ${rounds}`)
      const engine = await startEngine(session, join(folder, 'engine'))
      const reference = await startReference(session)
      figures.push({ ...engine, ...reference, ...timesOf(engine, reference) })
      if (older === undefined) continue
      const through = { folder: join(folder, 'launched'), node: older, cpus: session.pinning?.target }
      if (isFoundByName(older)) named.push(addedBy(await startThrough({ ...through, isByName: true }), engine))
      launched.push(addedBy(await startThrough(through), engine))
    }
    return [
      measuredCase('start-up', measuresOf(figures)),
      launcherCase('start-up, by its name beside an older Node', named),
      launcherCase('start-up, through an older Node', launched),
    ]
  },
}

export default startUp

async function warmCaches(session: BenchSession, folder: string): Promise<void> {
  for (const ms of WARM_MS) {
    const engine = await CommandLineEngine.start({ folder, node: process.execPath, cpus: session.pinning?.target })
    await elapse(ms)
    await engine.stop()
  }
}

async function startEngine(session: BenchSession, folder: string): Promise<Figures> {
  const engine = await CommandLineEngine.start({ folder, node: process.execPath, cpus: session.pinning?.target })
  try {
    const atReady = usageOf(engine.pid)
    await elapse(SETTLE_MS)
    const atRest = usageOf(engine.pid)
    const since = performance.now()
    await elapse(IDLE_MS)
    const later = usageOf(engine.pid)
    const idle = atRest && later && (later.cpuMicros - atRest.cpuMicros) / 10 / (performance.now() - since)
    return {
      listening: { unit: 'ms', value: engine.listeningMs },
      ready: { unit: 'ms', value: engine.readyMs },
      'cpu-until-ready': { unit: 'ms', value: atReady && atReady.cpuMicros / 1000 },
      'cpu-after-ready': { unit: 'ms', value: atReady && atRest && (atRest.cpuMicros - atReady.cpuMicros) / 1000 },
      rss: { unit: 'MB', value: later && later.rssBytes / MB },
      'idle-cpu': { unit: '%', value: idle },
    }
  } finally {
    await engine.stop()
  }
}

/** What Node itself and `ws` take. */
async function startReference(session: BenchSession): Promise<Figures> {
  const server = await session.startWebSocketEcho()
  try {
    await elapse(SETTLE_MS)
    const usage = usageOf(server.pid)
    return {
      'ws-listening': { unit: 'ms', value: server.startMs },
      'ws-cpu': { unit: 'ms', value: usage && usage.cpuMicros / 1000 },
      'ws-rss': { unit: 'MB', value: usage && usage.rssBytes / MB },
    }
  } finally {
    await server.stop()
  }
}

/** As a shell looks for it. */
function isFoundByName(node: string): boolean {
  return process.platform !== 'win32' && basename(node) === 'node'
}

async function startThrough(commandLine: CommandLine): Promise<Figures> {
  const engine = await CommandLineEngine.start(commandLine)
  try {
    await elapse(SETTLE_MS)
    const { isLauncherLeft, pid } = engine
    const left = isLauncherLeft && pid !== undefined ? memoryOf(pid) : undefined
    const megabytes = (bytes = 0): number | undefined => (isLauncherLeft === undefined ? undefined : bytes / MB)
    return {
      listening: { unit: 'ms', value: engine.listeningMs },
      'left-processes': { unit: '', value: isLauncherLeft === undefined ? undefined : Number(isLauncherLeft) },
      'left-rss': { unit: 'MB', value: megabytes(left?.residentBytes) },
      // Without the pages of the program, which every process that runs it shares and the system may drop.
      'left-own': { unit: 'MB', value: megabytes(left?.ownBytes) },
    }
  } finally {
    await engine.stop()
  }
}

/** How many times the reference the engine took. */
function timesOf(engine: Figures, reference: Figures): Figures {
  const times = (name: string, of = name): Figures => {
    const [mine, other] = [engine[name]?.value, reference[`ws-${of}`]?.value]
    const value = mine === undefined || other === undefined ? undefined : mine / other
    return { [`${name}/ws`]: { unit: '×', value } }
  }
  return { ...times('listening'), ...times('cpu-until-ready', 'cpu'), ...times('rss') }
}

function addedBy({ listening, ...left }: Figures, engine: Figures): Figures {
  const [launched, direct] = [listening?.value ?? 0, engine['listening']?.value ?? 0]
  return {
    listening: { unit: 'ms', value: launched },
    'added-listening': { unit: 'ms', value: launched - direct },
    ...left,
  }
}

function launcherCase(name: string, launched: readonly Figures[]): CaseReport {
  if (launched.length > 0) return measuredCase(name, measuresOf(launched))
  return measuredCase(name, [], ['left out: no Node older than 24 on PATH, nor named by III_BENCH_OLDER_NODE'])
}

function measuresOf(figures: readonly Figures[]): (MeasureReport | undefined)[] {
  return Object.entries(figures[0] ?? {}).map(([name, { unit }]) => {
    const values = figures.map((figure) => figure[name]?.value).filter((value) => value !== undefined)
    return describeMeasure(name, unit, values)
  })
}

function usageOf(pid: number | undefined) {
  return pid === undefined ? undefined : readTreeUsage(pid)
}
