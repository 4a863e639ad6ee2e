// The plugins that ship with the engine: folders of its `plugins/`. A checkout's `./plugins` may hold a user's own beside them.

/** Canonical names by folder. */
export const BUILT_IN_PLUGINS: ReadonlyMap<string, string> = new Map([
  ['configuration', 'configuration'],
  ['state', 'iii-state'],
  ['stream', 'iii-stream'],
  ['cron', 'iii-cron'],
  ['pubsub', 'iii-pubsub'],
])
