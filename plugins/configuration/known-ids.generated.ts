// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Registers an entry with its schema, or replaces its name, description, schema and metadata; an initial value overwrites the value. */
    'configuration::register': {
      input: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        /** Default: the id. */
        name?: string | null
        /** Default: none. */
        description?: string | null
        /** JSON Schema of the value. */
        schema: unknown
        /** Any JSON value. */
        metadata?: unknown
        /** Any JSON value. */
        initial_value?: unknown
      }
      output: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        name: string
        description: string
        /** JSON Schema of the value. */
        schema: any
        /** Any JSON value. */
        metadata?: any
        /** Any JSON value. */
        value: any
      }
    }
    /** Replaces the value of an entry. A plugin's entry: the plugin runs with it when this is answered. */
    'configuration::set': {
      input: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        /** Any JSON value. */
        value: unknown
      }
      output: {
        /** Any JSON value. */
        old_value: any
        /** Any JSON value. */
        new_value: any
      }
    }
    /** Returns the value of an entry, with placeholders expanded unless `raw` is true. */
    'configuration::get': {
      input: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        /** Default false. */
        raw?: boolean | null
      }
      output: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        /** Any JSON value. */
        value: any
      }
    }
    /** Returns all entries without their values, sorted by id. */
    'configuration::list': {
      input: Record<string, never>
      output: {
        configurations: {
          /** Id of the entry, [a-z0-9_-]{1,64}. */
          id: string
          name: string
          description: string
          /** JSON Schema of the value. */
          schema: any
          /** Any JSON value. */
          metadata?: any
        }[]
      }
    }
    /** Returns name, description, schema and metadata of an entry. */
    'configuration::schema': {
      input: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
      }
      output: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
        name: string
        description: string
        /** JSON Schema of the value. */
        schema: any
        /** Any JSON value. */
        metadata?: any
      }
    }
    /** Deletes an entry. A plugin's entry: the plugin goes back to what the configuration file says. */
    'configuration::delete': {
      input: {
        /** Id of the entry, [a-z0-9_-]{1,64}. */
        id: string
      }
      output: { deleted: boolean }
    }
  }

  interface KnownTriggers {
    /** Fires after a configuration entry was registered, updated or deleted. */
    'configuration': {
      config: {
        /** Only this entry; absent = any. */
        configuration_id?: string | null
        /** Only these; absent = all. */
        event_types?: readonly ('configuration:registered' | 'configuration:updated' | 'configuration:deleted')[] | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        type: 'configuration'
        event_type: 'configuration:registered' | 'configuration:updated' | 'configuration:deleted'
        id: string
        name: string
        description: string
        /** JSON Schema; null when its owner has not registered. */
        schema: any
        /** Placeholders expanded; null when there was none. */
        old_value: any
        /** Placeholders expanded; null when there is none, or the entry was deleted. */
        new_value: any
        metadata?: any
      }
    }
  }
}

export {}
