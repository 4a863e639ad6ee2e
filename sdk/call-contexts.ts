// What a handle asks of the surface that it runs on, to know for which call a handler runs.

export interface CallContext {
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
}

export interface CallContexts {
  /** Trace context of the handler that runs, if its call had one. */
  current(): CallContext | undefined
  run<Result>(context: CallContext, run: () => Result): Result
}

/** Where nothing keeps a context over an `await`: none is carried on. */
export const NO_CALL_CONTEXTS: CallContexts = { current: () => undefined, run: (_context, run) => run() }
