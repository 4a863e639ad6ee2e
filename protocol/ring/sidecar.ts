// The part of a call that is neither its function nor its payload, as JSON between function id and payload.

/** What travels beside the payload of a call; only members that are set. */
export interface Sidecar {
  traceparent?: string | undefined
  baggage?: string | undefined
  metadata?: unknown
  namespace?: string | undefined
  action?: unknown
  /** Id of the binding on whose behalf the call is made (spec 09 §4 b). */
  binding?: string | undefined
}
