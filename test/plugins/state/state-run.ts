// What the cases of state run on, an abstract connection, and the short forms that they share.
import { randomUUID } from 'node:crypto'
import { Collector } from '../../support/deadline.ts'
import type { WorkerRun } from '../../support/worker-run.ts'

/** A worker of an engine with `iii-state`; binds type `state`. */
export interface StateRun extends WorkerRun {
  /** Applies these members of the configuration to the running plugin; absent ones get their default. */
  configure(config: { triggers_enabled?: boolean; max_value_bytes?: number }): Promise<void>
}

export interface StateTraits {
  /** False where the order of a scope's values is unspecified (a hash in Redis). */
  readonly ordered: boolean
}

export interface StateEvent {
  type: string
  event_type: string
  scope: string
  key: string
  old_value: unknown
  new_value: unknown
}

/** A scope that no other case uses. */
export const freshScope = () => `scope-${randomUUID()}`

/** Binds a function that collects its events. */
export async function collect(run: StateRun, config: unknown, more: { metadata?: unknown } = {}) {
  const events = new Collector<StateEvent>()
  const metadata: unknown[] = []
  const id = randomUUID()
  const function_id = `test::collect-${id}`
  await run.provide(function_id, (event, sidecar) => {
    metadata.push(sidecar)
    events.add(event)
  })
  await run.bind({ id, function_id, config, ...more })
  return { id, function_id, events, metadata }
}

/** After this, everything that earlier calls of this worker have caused and that does not wait has been sent to it. */
export const barrier = async (run: StateRun, rounds = 3) => {
  for (let round = 0; round < rounds; round++) await run.call('state::get', { scope: 'barrier', key: 'k' })
}

export const update = (run: StateRun, scope: string, ...ops: unknown[]) =>
  run.call('state::update', { scope, key: 'k', ops })
export const set = (run: StateRun, scope: string, value: unknown) => run.call('state::set', { scope, key: 'k', value })
export const get = (run: StateRun, scope: string) => run.call('state::get', { scope, key: 'k' })
export const codes = (result: { errors?: { code: string }[] }) => result.errors?.map(({ code }) => code)
