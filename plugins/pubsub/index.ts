// `iii-pubsub`: `publish`, and the trigger type `subscribe` that fires for what is published (spec 03 §8).
// Nothing is kept: who is not subscribed when an event is published misses it.
import { TriggerBindings, type BindingFilter } from '../../kit/triggers/trigger-bindings.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { openAdapter, PUBSUB_ADAPTERS } from './adapters.ts'
import type { PubSubEvent } from './adapters/adapter.ts'
import { Broadcast } from './broadcast.ts'
import { PUBSUB_CONFIG_SCHEMA, type PubSubConfig } from './config.ts'
import { PacedCaller } from '../../kit/triggers/paced-caller.ts'
import { registerPublish } from './publish.ts'
import { Topics } from './topics.ts'
import { readSubscribeFilter, SUBSCRIBE_TRIGGER_TYPE } from './trigger.ts'

/** How long `stop` waits, twice, for conditions that have not decided; the host allows 10 s for all of it. */
const SETTLE_MS = 4_000

export default definePlugin<PubSubConfig>({
  name: 'iii-pubsub',
  description: 'Broadcasts events to everything that is subscribed to a topic, without keeping them.',
  config: PUBSUB_CONFIG_SCHEMA,
  isolation: 'shared',
  async start({ iii, config, log }) {
    let { adapter } = config
    const caller = new PacedCaller(iii)
    const broadcast = new Broadcast(caller)
    const topics: Topics = new Topics({
      adapter: await openAdapter(adapter, log),
      warn: (message, data) => log.warn(message, data),
      createBindings: () =>
        new TriggerBindings<BindingFilter, PubSubEvent>({
          iii: caller,
          log,
          readConfig: readSubscribeFilter,
          matches: (_filter, event, { id }) => topics.isFor(event, id),
          payload: ({ json }) => new RawJson(json),
          bytes: ({ json }) => json.length,
          orderKey: ({ topic }) => topic,
        }),
      send: (event, bindings) => broadcast.send(event, bindings),
    })
    registerPublish(iii, (event) => topics.publish(event))
    iii.registerTriggerType(SUBSCRIBE_TRIGGER_TYPE, topics)

    return {
      async reconfigure(changed) {
        if (!PUBSUB_ADAPTERS.isSame(changed.adapter, adapter)) {
          await topics.change(() => openAdapter(changed.adapter, log))
          adapter = changed.adapter
        }
        return true
      },
      async stop() {
        // Conditions that publish are answered until then, and what comes after goes to the next generation.
        await Promise.all(topics.bindings.map((bindings) => bindings.settle(SETTLE_MS)))
        iii.passCallsOn()
        await topics.close()
        await broadcast.settled()
        await Promise.all(topics.bindings.map((bindings) => bindings.settle(SETTLE_MS)))
        await caller.free()
      },
    }
  },
})
