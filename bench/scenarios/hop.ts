// `hop`: a call into another thread and back, without a router around it: the ring against `postMessage` of JSON strings.
import { HopSide, type HopRun } from '../hop/hop-side.ts'
import { payloadJson } from '../load/payload.ts'
import { median, pairedRatio, spread } from '../measure/statistics.ts'
import { chooseCases, type BenchOptions, type LoadCase } from '../options.ts'
import type { CaseReport, VariantReport } from '../report.ts'
import { STEADY_SPREAD } from '../rounds.ts'
import { sizeText, type Scenario } from './scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 1 },
  { payloadBytes: 150, inFlight: 64 },
]

const hop: Scenario = {
  title: 'ring against postMessage, two threads',
  async run({ options }) {
    const reports: CaseReport[] = []
    for (const load of chooseCases(options, CASES)) reports.push(await compare(load, options))
    return reports
  },
}

export default hop

async function compare({ payloadBytes, inFlight }: LoadCase, options: BenchOptions): Promise<CaseReport> {
  const name = `hop ${sizeText(payloadBytes)}, ${inFlight} in flight`
  const sides = [
    await HopSide.open('ring', payloadJson(payloadBytes)),
    await HopSide.open('post-message', payloadJson(payloadBytes)),
  ]
  const runs: HopRun[][] = [[], []]
  try {
    for (let round = 0; round <= options.rounds; round++) {
      options.progress(round === 0 ? `${name}: warming up` : `${name}: round ${round} of ${options.rounds}`)
      for (let turn = 0; turn < sides.length; turn++) {
        const index = (turn + round) % sides.length
        const run = await sides[index]!.run(inFlight, options.durationMs)
        if (round > 0) runs[index]!.push(run)
      }
    }
  } finally {
    await Promise.all(sides.map((side) => side.close()))
  }
  return describe(name, payloadBytes, inFlight, runs[0]!, runs[1]!)
}

function describe(
  name: string,
  payloadBytes: number,
  inFlight: number,
  ring: readonly HopRun[],
  messages: readonly HopRun[],
): CaseReport {
  const variants = [describeVariant('ring', ring), describeVariant('post-message', messages)]
  const rate = pairedRatio(
    ring.map(({ perSecond }) => perSecond),
    messages.map(({ perSecond }) => perSecond),
  )
  const cpu = pairedRatio(
    ring.map(({ cpuMicrosPerCall }) => cpuMicrosPerCall),
    messages.map(({ cpuMicrosPerCall }) => cpuMicrosPerCall),
  )
  const unsteady = variants.some((variant) => variant.spread > STEADY_SPREAD)
  return {
    name,
    unit: 'calls/s',
    payloadBytes,
    inFlight,
    variants,
    ratios:
      rate === undefined || cpu === undefined
        ? []
        : [{ to: 'post-message', ...rate, cpu, decidedBy: unsteady ? 'cpu' : 'rate' }],
    measures: [],
    notes: unsteady ? ['rounds spread by more than 20 %, so CPU time per call decides'] : [],
  }
}

function describeVariant(name: string, runs: readonly HopRun[]): VariantReport {
  const rates = runs.map(({ perSecond }) => perSecond)
  return {
    name,
    perSecond: median(rates),
    rates,
    spread: spread(rates),
    cpuMicrosPerCall: median(runs.map(({ cpuMicrosPerCall }) => cpuMicrosPerCall)),
    verified: runs.reduce((sum, { verified }) => sum + verified, 0),
  }
}
