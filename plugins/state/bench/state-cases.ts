// What `state-set` and `state-get` share: calls of a state function, beside calls of a plugin that only echoes.
import { chooseCases, type LoadCase } from '../../../bench/options.ts'
import type { CaseReport } from '../../../bench/report.ts'
import type { Variant } from '../../../bench/rounds.ts'
import type { BenchSession } from '../../../bench/session.ts'
import { PLUGIN_FUNCTION, loadCase } from '../../../bench/scenarios/scenario.ts'

const CASES: readonly LoadCase[] = [
  { payloadBytes: 150, inFlight: 64 },
  { payloadBytes: 150, inFlight: 1024 },
]
/** In memory it is the latency of few calls that tells. */
const MEMORY_CASES = CASES.slice(0, 1)

export async function runStateCases(
  session: BenchSession,
  name: 'state-set' | 'state-get',
  functionId: string,
  target: 'subject' | 'in-memory' = 'subject',
): Promise<readonly CaseReport[]> {
  const reports: CaseReport[] = []
  for (const load of chooseCases(session.options, target === 'subject' ? CASES : MEMORY_CASES)) {
    const job = { kind: 'call', providesFunction: false, rate: session.options.rate, ...load } as const
    const variants: Variant[] = [{ name: 'engine', target, job: { ...job, workload: name, functionId } }]
    // Another engine at a URL need not have the echo plugin.
    if (session.ownEngine) {
      variants.push({
        name: 'plugin',
        target,
        job: { ...job, workload: 'echo', functionId: PLUGIN_FUNCTION },
      })
    }
    reports.push(await loadCase(session, target === 'subject' ? name : `${name} in memory`, 'calls/s', load, variants))
  }
  return reports
}
