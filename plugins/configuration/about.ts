// What others need to know of `configuration`.
import type { BuiltInAbout } from '../../sdk/built-in.ts'

export const about = {
  name: 'configuration',
  triggerTypes: ['configuration'],
  exactTriggerTypes: ['configuration'],
  functionIds: ['configuration::*'],
  seats: ['settings'],
  exactGrants: ['configuration::set', 'configuration::delete', 'configuration::register'],
  mandatory: true,
  errors: {
    VALUE_TOO_LARGE: 'The value of the configuration entry is larger than its limit.',
    INVALID_ID: 'The id of a configuration entry does not match [a-z0-9_-]{1,64}.',
    NOT_REGISTERED: 'No configuration entry has that id: call configuration::register first.',
    SCHEMA_UNAVAILABLE:
      'The configuration entry was loaded from disk, and its owner has not registered its schema yet.',
    SCHEMA_INVALID: 'The value does not fit the schema of the configuration entry, or the schema itself is invalid.',
    EXPAND_FAILED: 'A value names environment variables that are not set and have no default.',
    ADAPTER_ERROR: 'The configuration could not be written or read by its adapter.',
  },
  config: async () => (await import('./config.ts')).CONFIGURATION_CONFIG_SCHEMA,
  settingsFolder: async (config) => (await import('./settings-folder.ts')).settingsFolder(config),
  readStored: async (question) => (await import('./read-stored.ts')).readStored(question),
  bounds: async () => (await import('./bounds.ts')).BOUNDS,
  declareFunctions: async (registrar) =>
    (await import('./functions.ts')).registerConfigurationFunctions(registrar, {} as never),
  declareTriggerTypes: async () => [(await import('./trigger.ts')).CONFIGURATION_TRIGGER_TYPE],
} as const satisfies BuiltInAbout
