// What others need to know of `iii-stream`.
import { isRecord } from '../../base/values/is-record.ts'
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'iii-stream',
  alias: 'stream',
  classes: ['modules::stream::StreamModule'],
  adapterClasses: {
    'modules::stream::adapters::KvStore': 'kv',
    'modules::stream::adapters::RedisAdapter': 'redis',
    'modules::stream::adapters::Bridge': 'bridge',
  },
  triggerTypes: ['stream', 'stream:join', 'stream:leave'],
  functionIds: ['stream::*'],
  exactGrants: ['stream::backup'],
  isDefault: true,
  // What is in memory would be lost, and a free port would be another one in the thread that it goes to.
  restsUntilUsed: ({ port, adapter }) => port !== 0 && isFileOfItsOwn(adapter),
  errors: {
    STREAM_SET_ERROR: 'The stream store, or the custom stream, could not write the item.',
    STREAM_GET_ERROR: 'The stream store could not read the item.',
    STREAM_DELETE_ERROR: 'The stream store, or the custom stream, could not delete the item.',
    STREAM_UPDATE_ERROR: 'The stream store, or the custom stream, could not update the item.',
    STREAM_GET_GROUP_ERROR: 'The stream store could not list the items of a group.',
    STREAM_LIST_GROUPS_ERROR: 'The stream store could not list the groups of a stream.',
    STREAM_LIST_ALL_ERROR: 'The stream store could not list the streams.',
    STREAM_BACKUP_ERROR: 'The copy of the stream store could not be made. The message says why; no file is left.',
    STREAM_SEND_ERROR: 'The event could not be sent to the subscribers of the stream.',
    JSON_ERROR: 'A custom stream returned something of the wrong shape. The write may have happened.',
    DESERIALIZATION_ERROR: 'What came over a bridge on the topic of stream events is no event of a stream.',
  },
  listens: { host: 'host', port: 'port', defaults: { host: '127.0.0.1', port: 3112 } },
  commands: {
    stream: {
      summary: 'Copy the stream store while it is in use',
      examples: {
        'iii stream backup': [
          ['iii stream backup copy.db', 'a new file in this folder; the engine is on this machine'],
        ],
      },
      load: () => import('./command.ts'),
    },
  },
  scenarios: {
    'stream-set': () => import('./bench/stream-set.ts'),
    'stream-fan-out': () => import('./bench/stream-fan-out.ts'),
  },
  config: async () => (await import('./config.ts')).STREAM_CONFIG_SCHEMA,
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) =>
    (await import('./functions.ts')).registerStreamFunctions(registrar, {} as never, {} as never),
  declareTriggerTypes: async () => {
    const [{ STREAM_TRIGGER_TYPE }, { JOIN_TRIGGER_TYPE, LEAVE_TRIGGER_TYPE }] = await Promise.all([
      import('./trigger.ts'),
      import('./clients/membership-triggers.ts'),
    ])
    return [STREAM_TRIGGER_TYPE, JOIN_TRIGGER_TYPE, LEAVE_TRIGGER_TYPE]
  },
} as const satisfies BuiltInAbout

/** A store that is closed and opened again within milliseconds. */
function isFileOfItsOwn(adapter: unknown): boolean {
  if (!isRecord(adapter)) return true
  const { name, config } = adapter
  return name === 'kv' && (!isRecord(config) || config['store_method'] !== 'in_memory')
}

export type StreamErrorCode = keyof typeof about.errors
