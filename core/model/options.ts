// The settings of the engine as a whole that the router and the host work by. Plain data.

/** The `engine:` block (spec 04 A.2, 09 §5). All `_ms` are milliseconds. */
export interface EngineOptions {
  readonly duplicate_functions: 'load_balance' | 'replace' | 'reject'
  readonly duplicate_workers: 'allow' | 'reject'
  readonly coalesce_replica_triggers: boolean
  readonly restart_grace_ms: number
  readonly restart_grace_max_calls: number
  readonly remember_functions: number
  readonly max_invocation_ms: number
  /** 0 = every worker counts as answering. */
  readonly unresponsive_ms: number
  readonly gate_max_calls: number
  readonly gate_max_bytes: number
  readonly gate_ms: number
  readonly drain_ms: number
  readonly stop_ms: number
  readonly start_ms: number
  /** Crashes within five minutes after which a plugin is `failed`. */
  readonly crash_budget: number
  /** Where `GET /health` is answered; null = nowhere. */
  readonly health: HealthAddress | null
}

export interface HealthAddress {
  /** 0 = any free one. */
  readonly port: number
  readonly host: string
}

export const ENGINE_DEFAULTS: EngineOptions = {
  duplicate_functions: 'load_balance',
  duplicate_workers: 'allow',
  coalesce_replica_triggers: true,
  restart_grace_ms: 3_000,
  restart_grace_max_calls: 10_000,
  remember_functions: 10_000,
  max_invocation_ms: 0,
  unresponsive_ms: 10_000,
  gate_max_calls: 10_000,
  gate_max_bytes: 64 * 1024 * 1024,
  gate_ms: 25_000,
  drain_ms: 5_000,
  stop_ms: 10_000,
  start_ms: 10_000,
  crash_budget: 3,
  health: null,
}
