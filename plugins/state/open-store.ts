// From the `adapter` block to an open store. Adapters are found by name here and nowhere else.
import { openKv } from './adapters/kv.ts'
import type { StateStore, StateStoreContext, StateStoreFactory } from './adapters/store.ts'

export interface AdapterChoice {
  readonly name: string
  readonly config?: Readonly<Record<string, unknown>> | null
}

const FACTORIES: ReadonlyMap<string, StateStoreFactory> = new Map([['kv', openKv]])

export function openStateStore(
  adapter: AdapterChoice,
  context: Omit<StateStoreContext, 'config'>,
): StateStore | Promise<StateStore> {
  const factory = FACTORIES.get(adapter.name)
  if (factory === undefined) {
    throw new Error(`Adapter factory '${adapter.name}' not found. Available: [${[...FACTORIES.keys()].join(', ')}]`)
  }
  return factory({ ...context, config: adapter.config ?? {} })
}
