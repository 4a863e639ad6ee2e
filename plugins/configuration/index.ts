// `configuration`: schema-checked values by id that survive a restart, the trigger type that tells when they change, and the
// settings of plugins at run time (spec 04 A.9).
import type { JsonValue } from '../../base/values/json-value.ts'
import { TriggerBindings } from '../../kit/triggers/trigger-bindings.ts'
import { currentCallContext } from '../../sdk/async-call-contexts.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { CONFIGURATION_ADAPTERS, openConfigurationStore } from './adapters.ts'
import { applySettings } from './apply-settings.ts'
import { CONFIGURATION_CONFIG_SCHEMA, liveSettings, type ConfigurationConfig } from './config.ts'
import { EntryChanges, entryOf } from './entry-changes.ts'
import { EntryTable } from './entry-table.ts'
import type { ConfigurationSchema, Entry } from './entry.ts'
import { Expiry } from './expiry.ts'
import { registerConfigurationFunctions } from './functions.ts'
import { IdQueues } from './id-queues.ts'
import { Persistence } from './persistence.ts'
import { PluginSettings } from './plugin-settings.ts'
import { SchemaHandover } from './schema-handover.ts'
import { registerSettingsSeat } from './seat.ts'
import {
  changeBytes,
  changePayload,
  CONFIGURATION_TRIGGER_TYPE,
  matchesChange,
  readChangeFilter,
  type ChangeFilter,
  type ChangeType,
  type ConfigurationChange,
} from './trigger.ts'
import { Values } from './values.ts'

/** How long `stop` waits, twice, for conditions that have not decided; the host allows 10 s for all of it. */
const SETTLE_MS = 3_000
/** One event of a binding at a time, so that a handler sees the changes in their order; one that hangs does not hold up the rest for ever. */
export const LANE_LIMITS = { maxInFlight: 1, handlerTimeoutMs: 30_000, conditionTimeoutMs: 10_000 }

export default definePlugin<ConfigurationConfig>({
  name: 'configuration',
  description: 'Keeps settings by id, checks them against schemas, and tells when they change.',
  config: CONFIGURATION_CONFIG_SCHEMA,
  isolation: 'shared',
  seats: ['settings'],
  async start(context) {
    const { iii, config, log, engine } = context
    const store = await openConfigurationStore(config.adapter, { projectRoot: engine.projectRoot, log })
    const settings = liveSettings(config)
    const table = new EntryTable()
    const queues = new IdQueues()
    const values = new Values({ env: process.env, engineVersion: engine.version })
    const persistence = new Persistence(store, table, log)
    const expanded = (value: JsonValue, schema?: ConfigurationSchema): JsonValue => values.expand(value, schema).value
    const bindings = new TriggerBindings<ChangeFilter, ConfigurationChange>({
      iii,
      log,
      readConfig: readChangeFilter,
      matches: matchesChange,
      payload: (change) => changePayload(change, expanded),
      bytes: changeBytes,
      limits: LANE_LIMITS,
    })
    const emit = (type: ChangeType, entry: Entry, oldValue: JsonValue, newValue: JsonValue): void => {
      if (bindings.size === 0) return
      bindings.fire({ type, entry, aliases: table.aliasesOf(entry.id), oldValue, newValue }, currentCallContext())
    }
    const plugins = new PluginSettings({
      table,
      values,
      queues,
      persistence,
      log,
      emit,
      apply: (plugin, value) => applySettings(iii, plugin, value),
      stripsSeeded: () => settings.stripSeeded,
      strip: async (file, names) => (await import('./strip-seeded.ts')).stripSeeded(file, names, log),
    })
    const schemas = new SchemaHandover(() => context.dataDir, log)
    const changes = new EntryChanges({ table, values, queues, persistence, plugins, schemas, log, emit })
    const expiry = new Expiry({
      ttlMs: () => settings.ttlMs,
      onExpired: (id) => {
        if (plugins.owns(table.idOf(id))) return
        changes.delete(id).catch((error: Error) => log.warn(`'${id}' has expired, but stays: ${error.message}`))
      },
    })

    for (const stored of await store.load(changes)) {
      persistence.warnOfOddities(stored)
      table.stored.set(stored.id, stored)
      table.put({ ...entryOf(stored), schema: stored.schema ?? schemas.find(stored.id) })
    }
    registerConfigurationFunctions(iii, { table, values, changes })
    registerSettingsSeat(iii, plugins)
    iii.registerTriggerType(CONFIGURATION_TRIGGER_TYPE, {
      registerTrigger(binding) {
        bindings.registerTrigger(binding)
        expiry.bound(binding.id, readChangeFilter(binding.config).configurationId)
      },
      unregisterTrigger(binding) {
        bindings.unregisterTrigger(binding)
        expiry.unbound(binding.id)
      },
    })

    return {
      reconfigure(changed) {
        if (!CONFIGURATION_ADAPTERS.isSame(changed.adapter, config.adapter)) return false
        Object.assign(settings, liveSettings(changed))
        return true
      },
      async stop() {
        expiry.close()
        // Conditions that look something up here are answered until then, and what comes after goes to the next generation.
        await bindings.settle(SETTLE_MS)
        iii.passCallsOn()
        await queues.idle(SETTLE_MS / 2)
        await store.close()
        await bindings.settle(SETTLE_MS)
      },
    }
  },
})
