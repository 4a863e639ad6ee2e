// `iii-stream`: items addressed by stream, group and item, told to subscribers and bound functions as they change (spec 02).
import { isDeepStrictEqual } from 'node:util'
import { LeftEvents } from '../../kit/triggers/left-events.ts'
import { TriggerBindings } from '../../kit/triggers/trigger-bindings.ts'
import { CodedError } from '../../protocol/errors.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { openStreamStore, STREAM_ADAPTERS } from './adapters.ts'
import type { OnEmitted, StreamStore } from './adapters/store.ts'
import { StreamServer, type StreamServerOptions } from './clients/stream-server.ts'
import { historyOf, STREAM_CONFIG_SCHEMA, type StreamConfig } from './config.ts'
import { CustomItems } from './custom/custom-items.ts'
import { CustomStreams } from './custom/custom-streams.ts'
import type { ReadSnapshot } from './feed.ts'
import { registerStreamFunctions } from './functions.ts'
import { StreamItems } from './items.ts'
import {
  matchesStream,
  readStreamFilter,
  STREAM_SUBJECT,
  STREAM_TRIGGER_TYPE,
  streamEventBytes,
  streamEventPayload,
} from './trigger.ts'

/** How long `stop` waits, twice, for conditions that have not decided; the host allows 10 s for all of it. */
const SETTLE_MS = 4_000

/** Told of the functions that serve custom streams. */
const WATCH_FUNCTION = 'iii-stream::on-functions-changed'

export default definePlugin<StreamConfig>({
  name: 'iii-stream',
  description:
    'Keeps JSON items by stream and group, durably, and tells subscribers and bound functions what happens to them.',
  config: STREAM_CONFIG_SCHEMA,
  isolation: 'thread',
  async start(context) {
    const { iii, config, log, engine } = context
    const store = await openStreamStore(config.adapter, {
      history: historyOf(config),
      projectRoot: engine.projectRoot,
      log,
    })
    const bindings = new TriggerBindings({
      iii,
      log,
      readConfig: readStreamFilter,
      matches: matchesStream,
      subject: STREAM_SUBJECT,
      payload: streamEventPayload,
      bytes: streamEventBytes,
      left: new LeftEvents({ folder: () => context.dataDir, log }),
    })
    const onEmitted = (): OnEmitted => {
      const origin = currentCallContext()
      return (event) => {
        if (bindings.size > 0) bindings.fire(event, origin)
      }
    }
    const streams = new CustomStreams()
    const items = new StreamItems({ store, custom: new CustomItems({ iii, log, store, streams }), onEmitted })

    const readSnapshot = streams.whenKnown((...of: Parameters<ReadSnapshot>) => items.snapshot(...of))

    const server = await openServer(
      {
        iii,
        log,
        feed: store.feed,
        readSnapshot: async (...of) => readSnapshot(...of),
        settings: config,
        onUpgrade: () => context.rest?.stay(),
      },
      store,
    )

    registerStreamFunctions(
      {
        registerFunction: (id, handler, options) => iii.registerFunction(id, streams.whenKnown(handler), options),
      },
      items,
      { copy: store.backup?.bind(store), projectRoot: engine.projectRoot, log },
    )
    server.registerTriggerTypes()
    iii.registerTriggerType(STREAM_TRIGGER_TYPE, bindings)
    iii.registerFunction(WATCH_FUNCTION, (change) => streams.apply(change), { metadata: { internal: true } })
    iii.registerTrigger({
      type: 'engine::functions-changed',
      function_id: WATCH_FUNCTION,
      config: { prefix: 'stream::', trusted: true },
    })

    return {
      async reconfigure(changed) {
        const isSameStore =
          STREAM_ADAPTERS.isSame(changed.adapter, config.adapter) &&
          isDeepStrictEqual(historyOf(changed), historyOf(config))
        if (!isSameStore) return false
        await server.reconfigure(changed).catch(refused)
        return true
      },
      addresses: () => [server.url],
      async stop({ reason }) {
        // Clients first: they come back with their positions, and get what happens meanwhile from the history.
        await server.close()
        // No other generation follows that could ask conditions which look something up here.
        if (reason !== 'reload') await bindings.settle(SETTLE_MS)
        iii.passCallsOn()
        // Closing finishes the queued writes, and they may still fire.
        await store.close()
        await (reason === 'reload' ? bindings.leave(SETTLE_MS) : bindings.settle(SETTLE_MS))
      },
    }
  },
})

/** A generation that does not start leaves nothing open, so that the one before it can start again. */
async function openServer(options: StreamServerOptions, store: StreamStore): Promise<StreamServer> {
  try {
    return await StreamServer.open(options)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** A new generation could not open the address either: the change is refused, and clients stay connected. */
function refused(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  throw new CodedError('PLUGIN_CONFIG_INVALID', reason, { cause: error })
}
