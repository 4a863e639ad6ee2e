// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Stores a value under scope and key. */
    'state::set': {
      input: {
        /** First part of the address. */
        scope: string
        /** Second part of the address. */
        key: string
        /** Any JSON value. */
        value: unknown
      }
      output: {
        /** The value before; null when there was none. */
        old_value: any
        /** The value after. */
        new_value: any
      }
    }
    /** Returns the value under scope and key; no value when there is none. */
    'state::get': {
      input: {
        /** First part of the address. */
        scope: string
        /** Second part of the address. */
        key: string
      }
      output: any
    }
    /** Deletes the value under scope and key and returns it; no value when there was none. */
    'state::delete': {
      input: {
        /** First part of the address. */
        scope: string
        /** Second part of the address. */
        key: string
      }
      output: any
    }
    /** Applies operations to the value under scope and key, in order and in one atomic step. */
    'state::update': {
      input: {
        /** First part of the address. */
        scope: string
        /** Second part of the address. */
        key: string
        ops: readonly {
          type: 'set' | 'merge' | 'increment' | 'decrement' | 'append' | 'remove'
          /** A member name, dots included; "" = the root. merge and append also take an array of names, null, or nothing. */
          path?: string | readonly string[] | null
          /** For set, merge and append. */
          value?: unknown
          /** For increment and decrement. */
          by?: number
        }[]
      }
      output: {
        /** The value before; null when there was none. */
        old_value: any
        /** The value after. */
        new_value: any
        /** Operations that failed and changed nothing; absent when there are none. */
        errors?: { op_index: number; code: string; message: string }[]
      }
    }
    /** Returns the values of a scope, without their keys, oldest key first. */
    'state::list': {
      input: {
        /** First part of the address. */
        scope: string
      }
      output: any[]
    }
    /** Returns the scopes that hold at least one key, sorted. */
    'state::list_groups': {
      input: Record<string, never>
      output: { groups: string[] }
    }
    /** Copies all values into a new file on the machine of the engine, while they are in use. Asked again for the same file it tells how far it is. */
    'state::backup': {
      input: {
        /** Path of a file that does not exist; relative to the project root. */
        file: string
        /** Answer after this time, done or not. Default: when it is done. */
        wait_ms?: number | null
      }
      output: {
        file: string
        state: 'running' | 'done'
        /** From 0 to 1. */
        progress: number
        /** Size of the file; 0 while it is not there. */
        bytes: number
        /** Time that it has taken. */
        ms: number
      }
    }
  }

  interface KnownTriggers {
    /** Fires after a value was created, updated or deleted. */
    'state': {
      config: {
        /** Only this scope; absent = any. */
        scope?: string | null
        /** Only this key; absent = any. */
        key?: string | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
        /** Accepted without effect: the payload says by `event_type` what has happened. */
        event_types?: unknown
      }
      event: {
        type: 'state'
        event_type: 'state:created' | 'state:updated' | 'state:deleted'
        scope: string
        key: string
        /** null when there was none. */
        old_value: any
        /** null when it was deleted. */
        new_value: any
      }
    }
  }
}

export {}
