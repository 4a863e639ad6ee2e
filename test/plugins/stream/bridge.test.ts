import { onTestFinished } from 'vitest'
import { openStreamBridge } from '../../../plugins/stream/adapters/bridge.ts'
import type { StreamStore } from '../../../plugins/stream/adapters/store.ts'
import { HISTORY_DEFAULTS } from '../../../plugins/stream/config.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { startRemoteEngine } from '../../support/remote-engine.ts'
import { streamAdapterCases } from './adapter-cases.ts'

const MEMORY = '{ name: kv, config: { store_method: in_memory } }'
const WORKERS = [`{ name: iii-stream, config: { port: 0, adapter: ${MEMORY} } }`, '{ name: iii-pubsub }']

/** Connected, and bound to the events. */
async function openStore(url: string, log = collectingLog()): Promise<StreamStore> {
  const context = { config: { bridge_url: url }, history: HISTORY_DEFAULTS, projectRoot: '.', log }
  const store = await openStreamBridge(context)
  onTestFinished(() => store.close())
  await new Promise<void>((resolve) => {
    const leave = store.feed.listen({
      event: () => {},
      lost: () => {
        leave()
        resolve()
      },
    })
  })
  return store
}

streamAdapterCases('bridge', async () => ({ store: await openStore((await startRemoteEngine(WORKERS)).url) }), {
  ordered: true,
  exactNumbers: false,
  tellsNullFromNone: false,
  listsStreams: false,
  history: false,
})
