// What a benchmark run is to do, and the defaults.

export interface BenchOptions {
  /** Of `SCENARIO_NAMES`. */
  readonly scenarios: readonly string[]
  /** Bytes of JSON; undefined = the cases of each scenario. */
  readonly payloads: readonly number[] | undefined
  /** Calls in flight; undefined = the cases of each scenario. */
  readonly inFlight: readonly number[] | undefined
  /** Measured time of one round of one variant, after a warm-up of a third of it. Default 1000. */
  readonly durationMs: number
  /** Default 5. */
  readonly rounds: number
  /** Calls per second of an open loop; undefined = closed loop. */
  readonly rate: number | undefined
  /**
   * `engine`: one of our own, started for the run; `naive`: the naive router in its place; `relay`: a mere relay, which shows the
   * load generator's own ceiling (`rpc` only); else a URL that speaks the protocol.
   */
  readonly target: string
  /** Root process of a target given by URL, for its CPU time and memory. */
  readonly targetPid: number | undefined
  readonly pin: boolean
  /** Subscribers of `fan-out` and `stream-fan-out`. Default 1000. */
  readonly subscribers: number
  /** Gets a line of progress at a time. */
  readonly progress: (line: string) => void
}

export const BENCH_DEFAULTS: Omit<BenchOptions, 'scenarios'> = {
  payloads: undefined,
  inFlight: undefined,
  durationMs: 1000,
  rounds: 5,
  rate: undefined,
  target: 'engine',
  targetPid: undefined,
  pin: false,
  subscribers: 1000,
  progress: () => {},
}

/** One combination of payload size and calls in flight. */
export interface LoadCase {
  readonly payloadBytes: number
  readonly inFlight: number
}

/** The combinations asked for, or those of the scenario where none was asked for. */
export function chooseCases(
  options: Pick<BenchOptions, 'payloads' | 'inFlight'>,
  ownCases: readonly LoadCase[],
): readonly LoadCase[] {
  const { payloads, inFlight } = options
  if (payloads === undefined && inFlight === undefined) return ownCases
  const sizes = payloads ?? [...new Set(ownCases.map((own) => own.payloadBytes))]
  const depths = inFlight ?? [...new Set(ownCases.map((own) => own.inFlight))]
  return sizes.flatMap((payloadBytes) => depths.map((depth) => ({ payloadBytes, inFlight: depth })))
}
