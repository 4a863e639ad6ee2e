// JSON text that is sent as it is. For results and payloads that already exist as text, so that they are
// neither parsed nor serialised again on the way (stored state values, event payloads).

/** Returned by a handler, or given as the payload of a call: `json` goes on the wire unchanged. It must be valid JSON. */
export class RawJson {
  readonly json: string

  constructor(json: string) {
    this.json = json
  }
}
