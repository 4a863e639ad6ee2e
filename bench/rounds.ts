// Runs the variants of a case in turn, round by round, and sums the rounds up. Interleaved, so that whatever disturbs the
// machine for a while disturbs all variants.
import type { LoadJob, LoadResult } from './load/load-job.ts'
import { median, pairedRatio, spread } from './measure/statistics.ts'
import type { RatioReport, VariantReport } from './report.ts'
import type { BenchSession, TargetName } from './session.ts'

/** Above this spread of the rounds the CPU time per call decides instead of the rate. */
export const STEADY_SPREAD = 0.2
/** A generator this busy, against a target that is not, limits what is measured. */
const GENERATOR_BUSY = 0.95

/** Members that `runRounds` fills in are left out. Distributes over the kinds of job. */
export type Unaddressed<Job> = Job extends LoadJob
  ? Omit<Job, 'url' | 'streamUrl' | 'httpUrl' | 'targetPid' | 'warmupMs' | 'durationMs' | 'provided'>
  : never

export interface Variant {
  readonly name: string
  readonly target: TargetName
  /** Default: the plain listener of the target. */
  readonly listener?: 'public'
  /** Where the load provides the function, when that is not the target: behind a bridge. */
  readonly provider?: { readonly target: TargetName; readonly functionId: string }
  readonly job: Unaddressed<LoadJob>
}

export interface RoundsReport {
  readonly variants: readonly VariantReport[]
  readonly ratios: readonly RatioReport[]
  readonly notes: readonly string[]
}

/** `variants[0]` is what is measured; the others are what it is compared with. */
export async function runRounds(
  session: BenchSession,
  what: string,
  variants: readonly Variant[],
): Promise<RoundsReport> {
  const { rounds, progress } = session.options
  const results: LoadResult[][] = variants.map(() => [])
  // Round 0 warms caches and compilers and is thrown away.
  for (let round = 0; round <= rounds; round++) {
    progress(round === 0 ? `${what}: warming up` : `${what}: round ${round} of ${rounds}`)
    for (let turn = 0; turn < variants.length; turn++) {
      // Each round begins with another variant: none always runs after the same neighbour.
      const index = (turn + round) % variants.length
      const result = await runVariant(session, variants[index]!)
      if (round > 0) results[index]!.push(result)
    }
  }
  return summarise(
    variants.map(({ name }) => name),
    results,
  )
}

async function runVariant(session: BenchSession, { target, listener, provider, job }: Variant): Promise<LoadResult> {
  const { url: plainUrl, streamUrl, publicUrl, httpUrl, pid } = await session.target(target)
  const { durationMs } = session.options
  const url = listener === 'public' && publicUrl !== undefined ? publicUrl : plainUrl
  const times = { warmupMs: durationMs / 3, durationMs }
  const run = { ...job, url, streamUrl, httpUrl, targetPid: pid, ...times }
  if (provider === undefined || run.kind !== 'call') return session.load.run(run)
  const provided = { url: (await session.target(provider.target)).url, functionId: provider.functionId }
  return session.load.run({ ...run, provided })
}

/** `results[i]`: the rounds of the variant `names[i]`. */
export function summarise(names: readonly string[], results: readonly (readonly LoadResult[])[]): RoundsReport {
  const variants = names.map((name, index) => describeVariant(name, results[index]!))
  const ratios: RatioReport[] = []
  for (let other = 1; other < variants.length; other++) {
    const ratio = describeRatio(variants[0]!, variants[other]!, results[0]!, results[other]!)
    if (ratio !== undefined) ratios.push(ratio)
  }
  return { variants, ratios, notes: [...unsteadyNote(variants), ...variants.flatMap(notesOn)] }
}

function describeVariant(name: string, results: readonly LoadResult[]): VariantReport {
  const rates = results.map(rateOf)
  const cpu = results.map(cpuPerCall).filter((value) => value !== undefined)
  const rssBytes = results.at(-1)?.targetRssBytes
  return {
    name,
    perSecond: median(rates),
    rates,
    spread: spread(rates),
    latencyMicros: {
      p50: median(results.map(({ latencyMicros }) => latencyMicros.p50)),
      p99: median(results.map(({ latencyMicros }) => latencyMicros.p99)),
      p999: median(results.map(({ latencyMicros }) => latencyMicros.p999)),
    },
    ...(cpu.length === 0 ? {} : { cpuMicrosPerCall: median(cpu) }),
    ...(rssBytes === undefined ? {} : { rssBytes }),
    verified: results.reduce((sum, { verified }) => sum + verified, 0),
    wrong: sumByReason(results.map(({ wrong }) => wrong)),
    unanswered: results.reduce((sum, { unanswered }) => sum + unanswered, 0),
    generatorCpu: median(results.map(({ generatorCpu }) => generatorCpu)),
    generatorBound: results.filter(isGeneratorBound).length,
  }
}

function describeRatio(
  of: VariantReport,
  to: VariantReport,
  ofResults: readonly LoadResult[],
  toResults: readonly LoadResult[],
): RatioReport | undefined {
  const rate = pairedRatio(of.rates, to.rates)
  if (rate === undefined) return undefined
  const cpu = pairedRatio(ofResults.map(cpuPerCall), toResults.map(cpuPerCall))
  const p99 = pairedRatio(ofResults.map(p99Of), toResults.map(p99Of))
  const unsteady = of.spread > STEADY_SPREAD || to.spread > STEADY_SPREAD
  return {
    to: to.name,
    ...rate,
    ...(cpu === undefined ? {} : { cpu }),
    ...(p99 === undefined ? {} : { p99 }),
    decidedBy: unsteady && cpu !== undefined ? 'cpu' : 'rate',
  }
}

function unsteadyNote(variants: readonly VariantReport[]): string[] {
  const unsteady = variants.filter((variant) => variant.spread > STEADY_SPREAD)
  if (unsteady.length === 0) return []
  const names = unsteady.map((variant) => `${variant.name} (${Math.round(variant.spread * 100)} %)`).join(', ')
  return [`rounds spread by more than 20 %, so CPU time per call decides: ${names}`]
}

function notesOn({ name, generatorBound = 0, rates, wrong = {}, unanswered = 0 }: VariantReport): string[] {
  const notes: string[] = []
  if (generatorBound > 0) {
    notes.push(`${name}: the load generator was the bottleneck in ${generatorBound} of ${rates.length} rounds`)
  }
  for (const [reason, count] of Object.entries(wrong)) notes.push(`${name}: ${count} answers were wrong (${reason})`)
  if (unanswered > 0) notes.push(`${name}: ${unanswered} calls were never answered`)
  return notes
}

function rateOf({ verified, elapsedMs }: LoadResult): number {
  return (verified / elapsedMs) * 1000
}

function p99Of({ latencyMicros }: LoadResult): number {
  return latencyMicros.p99
}

function cpuPerCall({ verified, targetCpuMicros }: LoadResult): number | undefined {
  return targetCpuMicros === undefined || verified === 0 ? undefined : targetCpuMicros / verified
}

/** The generator cannot go faster while the target still could. */
function isGeneratorBound({ generatorCpu, targetCpuMicros, elapsedMs }: LoadResult): boolean {
  if (generatorCpu < GENERATOR_BUSY) return false
  return targetCpuMicros === undefined || targetCpuMicros / 1000 / elapsedMs < generatorCpu
}

function sumByReason(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const wrong of all) for (const [reason, count] of Object.entries(wrong)) sum[reason] = (sum[reason] ?? 0) + count
  return sum
}
