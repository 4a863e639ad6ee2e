import { onTestFinished } from 'vitest'
import { openStateBridge } from '../../../plugins/state/adapters/bridge.ts'
import type { StateStore } from '../../../plugins/state/adapters/store.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { stateAdapterCases } from './adapter-cases.ts'

const STATE = '{ name: iii-state, config: { adapter: { name: kv, config: { store_method: in_memory } } } }'

async function openStore(url: string): Promise<StateStore> {
  const store = await openStateBridge({ config: { bridge_url: url }, projectRoot: '.', log: collectingLog() })
  onTestFinished(() => store.close())
  return store
}

stateAdapterCases('bridge', async () => openStore((await startRemoteEngine([STATE])).url), {
  ordered: true,
})
