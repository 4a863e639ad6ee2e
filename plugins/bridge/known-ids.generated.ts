// Written by `npm run docs` from the schemas that are published.

declare module '../../sdk/known-ids.ts' {
  interface KnownFunctions {
    /** Calls a function of the other engine (synchronous): answers with what it has returned. */
    'bridge.invoke': {
      input: {
        /** Id on the other engine. */
        function_id: string
        /** What the function gets. Default: null. */
        data?: unknown
        /** Milliseconds until the call fails, with the wait for the connection. Default: 30000. */
        timeout_ms?: number | null
      }
      output: any
    }
    /** Calls a function of the other engine (asynchronous, fire-and-forget): answers as soon as the call waits to be sent. */
    'bridge.invoke_async': {
      input: {
        /** Id on the other engine. */
        function_id: string
        /** What the function gets. Default: null. */
        data?: unknown
        /** Checked, and without effect. */
        timeout_ms?: number | null
      }
      output: null | undefined
    }
  }
}

export {}
