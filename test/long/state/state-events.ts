// Listens to every change of a scope, as a worker with a `state` trigger does.
import type { LoadClient } from '../../support/load-client.ts'

export interface StateEvent {
  readonly event_type: string
  readonly key: string
  readonly old_value: any
  readonly new_value: any
}

/** The events so far; the array grows. */
export async function stateEvents(client: LoadClient, scope: string): Promise<readonly StateEvent[]> {
  const events: StateEvent[] = []
  await client.register('on::state', (event: StateEvent) => void events.push(event))
  await client.result('engine::register_trigger', {
    trigger_type: 'state',
    function_id: 'on::state',
    config: { scope },
  })
  return events
}
