// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Stores an item and tells the subscribers of its group. */
    'stream::set': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
        /** Item in the group. */
        item_id: string
        /** Any JSON value. */
        data: unknown
      }
      output: {
        /** The value before; null when there was none. */
        old_value: any
        /** The value after. */
        new_value: any
      }
    }
    /** Returns an item; no value when there is none. */
    'stream::get': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
        /** Item in the group. */
        item_id: string
      }
      output: any
    }
    /** Deletes an item and tells the subscribers of its group, if there was one. */
    'stream::delete': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
        /** Item in the group. */
        item_id: string
      }
      output: {
        /** The value before; null when there was none. */
        old_value: any
      }
    }
    /** Applies operations to an item, in order and in one atomic step, and tells the subscribers of its group. */
    'stream::update': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
        /** Item in the group. */
        item_id: string
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
    /** Returns the items of a group, without their ids, oldest item first. */
    'stream::list': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
      }
      output: any[]
    }
    /** Returns the groups of a stream that hold at least one item, sorted. */
    'stream::list_groups': {
      input: {
        /** Name of the stream. */
        stream_name: string
      }
      output: string[]
    }
    /** Returns every stream that holds at least one item, with its groups, sorted. Custom streams are left out. */
    'stream::list_all': {
      input: Record<string, never>
      output: { stream: { id: string; groups: string[] }[]; count: number }
    }
    /** Sends an event to the subscribers of a group, and with an id to those of that item; nothing is stored. */
    'stream::send': {
      input: {
        /** Name of the stream. */
        stream_name: string
        /** Group in the stream. */
        group_id: string
        /** Item whose subscribers get it too; absent = those of the group only. */
        id?: string | null
        /** Type of the event. Default `event`. */
        type?: string | null
        /** Another name of `type`, which wins. */
        event_type?: string | null
        /** Any JSON value. */
        data?: unknown
      }
      output: null | undefined
    }
    /** Copies all items and their history into a new file on the machine of the engine, while they are in use. Asked again for the same file it tells how far it is. */
    'stream::backup': {
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
    /** Fires after an item of a stream was created, updated or deleted, and for each event sent to it. */
    'stream': {
      config: {
        /** Only this stream. */
        stream_name: string
        /** Only this group; absent or empty = any. */
        group_id?: string | null
        /** Only this item; absent or empty = any. */
        item_id?: string | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        type: 'stream'
        /** Unix milliseconds, strictly increasing per item. */
        timestamp: number
        streamName: string
        groupId: string
        /** The item; null for an event sent without one. */
        id: string | null
        event: {
          type: 'create' | 'update' | 'delete' | 'event'
          /** The new value, or the one that was deleted. */
          data?: any
          /** For the type `event`, in place of `data`: what was sent. */
          event?: { type?: string; data?: any }
        }
      }
    }
    /** Runs before a client subscribes; a handler that returns {unauthorized: true} refuses it. */
    'stream:join': {
      config: {
        /** Only this stream; absent = any. */
        stream_name?: string | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        subscription_id: string
        stream_name: string
        group_id: string
        /** The item; null when the subscription is to the whole group. */
        id: string | null
        /** What the auth function gave for the connection, or null. */
        context: any
      }
    }
    /** Runs when a client unsubscribes, and for each of its subscriptions when it disconnects. */
    'stream:leave': {
      config: {
        /** Only this stream; absent = any. */
        stream_name?: string | null
        /** Gets the event first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: {
        subscription_id: string
        stream_name: string
        group_id: string
        /** The item; null when the subscription is to the whole group. */
        id: string | null
        /** What the auth function gave for the connection, or null. */
        context: any
      }
    }
  }
}

export {}
