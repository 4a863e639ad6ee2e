// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Sends data to everything that is subscribed to a topic now; whoever subscribes later misses it. */
    'publish': {
      input: {
        /** Exact name, not empty; there are no wildcards. */
        topic: string
        /** Any JSON value. */
        data: unknown
      }
      output: null | undefined
    }
  }

  interface KnownTriggers {
    /** Fires for everything that is published to a topic. */
    'subscribe': {
      config: {
        /** Exact name, not empty; there are no wildcards. */
        topic: string
        /** Gets the data first; exactly false skips the handler. */
        condition_function_id?: string | null
      }
      event: any
    }
  }
}

export {}
