// `iii-state`: values addressed by scope and key, and the trigger type that fires when they change (spec 02).
import { LeftEvents } from '../../kit/triggers/left-events.ts'
import { TriggerBindings } from '../../kit/triggers/trigger-bindings.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import type { OnWritten } from './adapters/store.ts'
import { openStateStore, STATE_ADAPTERS } from './adapters.ts'
import { liveSettings, STATE_CONFIG_SCHEMA, type StateConfig } from './config.ts'
import { registerStateFunctions } from './functions.ts'
import {
  matchesState,
  readStateFilter,
  STATE_SUBJECT,
  STATE_TRIGGER_TYPE,
  stateEventBytes,
  stateEventOrder,
  stateEventPayload,
} from './trigger.ts'

/** How long `stop` waits, twice, for conditions that have not decided; the host allows 10 s for all of it. */
const SETTLE_MS = 4_000

export default definePlugin<StateConfig>({
  name: 'iii-state',
  description: 'Keeps JSON values by scope and key, durably, and fires triggers when they change.',
  config: STATE_CONFIG_SCHEMA,
  isolation: 'shared',
  async start(context) {
    const { iii, config, log, engine } = context
    const store = await openStateStore(config.adapter, { projectRoot: engine.projectRoot, log })
    const settings = liveSettings(config)
    const bindings = new TriggerBindings({
      iii,
      log,
      readConfig: readStateFilter,
      matches: matchesState,
      subject: STATE_SUBJECT,
      payload: stateEventPayload,
      bytes: stateEventBytes,
      orderKey: stateEventOrder,
      left: new LeftEvents({ folder: () => context.dataDir, log }),
    })

    const writeListener = (scope: string, key: string, deleted: boolean): OnWritten => {
      const origin = currentCallContext()
      return (oldValue, newValue) => {
        if (!settings.triggersEnabled || bindings.size === 0) return
        const type = deleted ? 'state:deleted' : oldValue === undefined ? 'state:created' : 'state:updated'
        bindings.fire({ type, scope, key, oldValue, newValue }, origin)
      }
    }

    const backup = { copy: store.backup?.bind(store), projectRoot: engine.projectRoot, log }
    registerStateFunctions(iii, { store, settings, writeListener, backup })
    iii.registerTriggerType(STATE_TRIGGER_TYPE, bindings)

    return {
      reconfigure(changed) {
        if (!STATE_ADAPTERS.isSame(changed.adapter, config.adapter)) return false
        Object.assign(settings, liveSettings(changed))
        return true
      },
      async stop({ reason }) {
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
