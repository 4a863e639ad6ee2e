// Runs the scenarios asked for, one after the other, and gives the report.
import { describeMachine } from './measure/machine.ts'
import type { BenchOptions } from './options.ts'
import type { BenchReport, ScenarioReport } from './report.ts'
import { loadScenario } from './scenario-table.ts'
import { BenchSession } from './session.ts'
import { checkTargets } from './targets-table.ts'

/** `check`: hold the result against the targets. A scenario that fails is reported, and the others are run. */
export async function runBench(options: BenchOptions, check: boolean): Promise<BenchReport> {
  const session = await BenchSession.open(options)
  try {
    const startedAt = new Date().toISOString()
    const scenarios: ScenarioReport[] = []
    for (const name of options.scenarios) scenarios.push(await runScenario(session, name))
    const report: BenchReport = {
      version: 1,
      startedAt,
      machine: describeMachine(),
      pinned: session.pinning ?? null,
      target: options.target,
      rounds: options.rounds,
      durationMs: options.durationMs,
      scenarios,
    }
    const allCases = options.payloads === undefined && options.inFlight === undefined && options.rate === undefined
    return check ? { ...report, checks: checkTargets(report, allCases) } : report
  } finally {
    await session.close()
  }
}

/** True when nothing was missed: every scenario ran to its end with right answers only, and every target was reached. */
export function isClean({ scenarios, checks }: BenchReport): boolean {
  const allRight = scenarios.every(({ cases }) =>
    cases.every(({ variants }) => variants.every(({ wrong }) => Object.keys(wrong ?? {}).length === 0)),
  )
  return (
    allRight && scenarios.every(({ failed }) => failed === undefined) && (checks?.every(({ pass }) => pass) ?? true)
  )
}

async function runScenario(session: BenchSession, name: string): Promise<ScenarioReport> {
  const scenario = await loadScenario(name)
  const { title } = scenario
  const unfit = scenario.unfit?.(session)
  if (unfit !== undefined) return { scenario: name, title, cases: [], skipped: unfit }
  try {
    return { scenario: name, title, cases: await scenario.run(session) }
  } catch (error) {
    return { scenario: name, title, cases: [], failed: error instanceof Error ? error.message : String(error) }
  } finally {
    await session.stopTargets()
  }
}
