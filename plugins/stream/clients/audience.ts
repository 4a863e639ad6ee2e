// Who is told of the events of a (stream, group): one audience for all of them, one for each item that somebody asked for.

/** A connection as the fan-out sees it. */
export interface Subscriber {
  /** Takes frames; a subscriber that can't closes itself. */
  write(frames: Buffer, count: number): void
  /** Used by the fan-out within one flush. */
  hit: Audience | Audience[] | undefined
}

export interface PendingFrame {
  /** Place among all frames of this flush. */
  readonly order: number
  readonly payload: Buffer
}

export class Audience {
  /** Told of everything. */
  readonly live = new Set<Subscriber>()
  /** They get what stands in the history from there, and are told only of what does not. */
  readonly pulling = new Set<Subscriber>()
  /** Told in this turn and not written yet. */
  pending: PendingFrame[] = []
  /** Place among the audiences of this flush. */
  turnIndex = 0
}

export class StreamGroup {
  readonly stream: string
  readonly group: string
  readonly whole = new Audience()
  readonly #items = new Map<string, Audience>()
  /** Connections with a subscription here. */
  interests = 0

  constructor(stream: string, group: string) {
    this.stream = stream
    this.group = group
  }

  item(id: string): Audience | undefined {
    return this.#items.get(id)
  }

  openItem(id: string): Audience {
    let audience = this.#items.get(id)
    if (audience === undefined) this.#items.set(id, (audience = new Audience()))
    return audience
  }

  closeItemIfEmpty(id: string): void {
    const audience = this.#items.get(id)
    if (audience !== undefined && audience.live.size + audience.pulling.size === 0) this.#items.delete(id)
  }
}

export class StreamGroups {
  readonly #streams = new Map<string, Map<string, StreamGroup>>()

  find(stream: string, group: string): StreamGroup | undefined {
    return this.#streams.get(stream)?.get(group)
  }

  open(stream: string, group: string): StreamGroup {
    let groups = this.#streams.get(stream)
    if (groups === undefined) this.#streams.set(stream, (groups = new Map()))
    let found = groups.get(group)
    if (found === undefined) groups.set(group, (found = new StreamGroup(stream, group)))
    return found
  }

  closeIfEmpty({ stream, group, interests }: StreamGroup): void {
    if (interests > 0) return
    const groups = this.#streams.get(stream)
    groups?.delete(group)
    if (groups?.size === 0) this.#streams.delete(stream)
  }
}
