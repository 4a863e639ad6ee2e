// What others need to know of `iii-state`.
import { isRecord } from '../../base/values/is-record.ts'
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-state',
  alias: 'state',
  classes: ['modules::state::StateModule'],
  adapterClasses: {
    'modules::state::adapters::KvStore': 'kv',
    'modules::state::adapters::RedisAdapter': 'redis',
    'modules::state::adapters::Bridge': 'bridge',
  },
  triggerTypes: ['state'],
  functionIds: ['state::*'],
  exactGrants: ['state::backup'],
  isDefault: true,
  leavesWhenBusy: ({ adapter }) => storeMethodOf(adapter) !== 'in_memory',
  errors: {
    VALUE_TOO_LARGE: 'The value is larger than `max_value_bytes`.',
    SET_ERROR: 'The state store could not write the value.',
    GET_ERROR: 'The state store could not read the value.',
    DELETE_ERROR: 'The state store could not delete the value.',
    UPDATE_ERROR: 'The state store could not update the value.',
    LIST_ERROR: 'The state store could not list the values of a scope.',
    LIST_GROUPS_ERROR: 'The state store could not list the scopes.',
    BACKUP_ERROR: 'The copy of the state store could not be made. The message says why; no file is left.',
  },
  tryNext: 'trigger state::set scope=demo key=greeting value=hello',
  commands: {
    state: {
      summary: 'Copy the state store while it is in use',
      examples: {
        'iii state backup': [['iii state backup copy.db', 'a new file in this folder; the engine is on this machine']],
      },
      load: () => import('./command.ts'),
    },
  },
  scenarios: {
    'state-set': () => import('./bench/state-set.ts'),
    'state-get': () => import('./bench/state-get.ts'),
    'state-memory': () => import('./bench/state-memory.ts'),
    trigger: () => import('./bench/trigger.ts'),
  },
  config: async () => (await import('./config.ts')).STATE_CONFIG_SCHEMA,
  declareFunctions: async (registrar) =>
    (await import('./functions.ts')).registerStateFunctions(registrar, { backup: {} } as never),
  declareTriggerTypes: async () => [(await import('./trigger.ts')).STATE_TRIGGER_TYPE],
} as const satisfies BuiltInAbout

function storeMethodOf(adapter: unknown): unknown {
  const config = isRecord(adapter) ? adapter['config'] : undefined
  return isRecord(config) ? config['store_method'] : undefined
}

export type StateErrorCode = keyof typeof about.errors
