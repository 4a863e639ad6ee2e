// All scenarios by name: those of the router and its host, and those that the built-in workers add. Each is loaded when it is run.
import { BUILT_INS } from '../plugins/built-ins.ts'
import type { Scenario } from './scenarios/scenario.ts'

type LoadScenario = () => Promise<{ readonly default: unknown }>

const OWN: Readonly<Record<string, LoadScenario>> = {
  rpc: () => import('./scenarios/rpc.ts'),
  'rpc-ws': () => import('./scenarios/rpc-ws.ts'),
  plugin: () => import('./scenarios/plugin.ts'),
  hop: () => import('./scenarios/hop.ts'),
  'fan-out': () => import('./scenarios/fan-out.ts'),
  connect: () => import('./scenarios/connect.ts'),
  control: () => import('./scenarios/control.ts'),
  'start-up': () => import('./scenarios/start-up.ts'),
  reload: () => import('./scenarios/reload.ts'),
  failover: () => import('./scenarios/failover.ts'),
  scanner: () => import('./scenarios/scanner.ts'),
}

const SCENARIOS: ReadonlyMap<string, LoadScenario> = new Map(
  [OWN, ...BUILT_INS.map(({ about }) => about.scenarios ?? {})].flatMap((scenarios) => Object.entries(scenarios)),
)

export const SCENARIO_NAMES: readonly string[] = [...SCENARIOS.keys()]

/** @throws for a name that is not in `SCENARIO_NAMES`. */
export async function loadScenario(name: string): Promise<Scenario> {
  const load = SCENARIOS.get(name)
  if (load === undefined) throw new Error(`no scenario is named '${name}'; there are ${SCENARIO_NAMES.join(', ')}`)
  return (await load()).default as Scenario
}
