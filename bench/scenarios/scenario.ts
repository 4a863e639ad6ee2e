// What a scenario is, and the case that most of them consist of: one kind of load against several variants.
import type { CaseReport } from '../report.ts'
import type { LoadCase } from '../options.ts'
import { runRounds, type Variant } from '../rounds.ts'
import type { BenchSession } from '../session.ts'

export interface Scenario {
  readonly title: string
  /** A reason why the scenario makes no sense for this target; undefined = it does. */
  unfit?(session: BenchSession): string | undefined
  run(session: BenchSession): Promise<readonly CaseReport[]>
}

/** Provided by the target itself: a plugin or what stands in for one. */
export const PLUGIN_FUNCTION = 'bench::echo'
/** Provided by a worker of the load. Another id: a plugin's function goes before a worker's. */
export const WORKER_FUNCTION = 'bench::worker-echo'

const OPEN_LOOP_NOTE =
  'latency counts from when a call was due, with up to 2 ms by which the timer of the load generator is late'

export async function loadCase(
  session: BenchSession,
  name: string,
  unit: string,
  load: LoadCase,
  variants: readonly Variant[],
): Promise<CaseReport> {
  const rate = rateOf(variants)
  const { payloadBytes, inFlight } = load
  const title = `${name} ${sizeText(payloadBytes)}, ${rate === undefined ? `${inFlight} in flight` : `${rate}/s offered`}`
  const report = await runRounds(session, title, variants)
  return {
    name: title,
    unit,
    payloadBytes,
    inFlight,
    ...(rate === undefined ? {} : { rate }),
    ...report,
    measures: [],
    notes: rate === undefined ? report.notes : [OPEN_LOOP_NOTE, ...report.notes],
  }
}

/** Not every load can be offered at a rate. */
function rateOf([variant]: readonly Variant[]): number | undefined {
  return variant?.job.kind === 'call' ? variant.job.rate : undefined
}

export function sizeText(bytes: number): string {
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KB` : `${bytes} B`
}

/** For scenarios that need the files and plugins of an engine of our own. */
export function needsOwnEngine(session: BenchSession): string | undefined {
  return session.ownEngine ? undefined : 'it needs an engine that the run starts itself (--target engine)'
}
