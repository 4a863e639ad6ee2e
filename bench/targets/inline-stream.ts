// Reference: the stream listener of `iii-stream` in the thread that calls this, with a store that keeps nothing but the latest
// values. It has the fan-out in common with the plugin, and differs in the thread that the fan-out holds up.
import type { PluginLog } from '../../sdk/plugin.ts'
import { StreamServer, type StreamServerHandle } from '../../plugins/stream/clients/stream-server.ts'
import { changeText, StreamEvent, type Position } from '../../plugins/stream/event.ts'
import type { Feed, FeedListener, Missed, Snapshot } from '../../plugins/stream/feed.ts'
import type { StreamSet } from './naive-stream.ts'

const EPOCH = 'bench'

interface Item {
  readonly value: unknown
  readonly json: string
}

export class InlineStream implements Feed {
  readonly #listeners = new Set<FeedListener>()
  /** By item, by stream and group. */
  readonly #groups = new Map<string, Map<string, Item>>()
  #offset = 0
  #timestamp = 0

  static async open(port: number, log: PluginLog): Promise<InlineStream> {
    const stream = new InlineStream()
    await StreamServer.open({
      iii: NO_CALLS,
      log,
      feed: stream,
      readSnapshot: async (name, group) => stream.#snapshot(name, group),
      settings: { port },
    })
    return stream
  }

  set({ stream_name, group_id, item_id, data }: StreamSet): { old_value: unknown; new_value: unknown } {
    const items = this.#group(stream_name, group_id)
    const json = JSON.stringify(data)
    const old = items.get(item_id)
    items.set(item_id, { value: data, json })
    this.#offset++
    this.#timestamp = Math.max(Date.now(), this.#timestamp + 1)
    const event = new StreamEvent({
      stream: stream_name,
      group: group_id,
      item: item_id,
      timestamp: this.#timestamp,
      event: changeText(old === undefined ? 'create' : 'update', json),
      position: this.#position,
    })
    for (const listener of this.#listeners) listener.event(event)
    return { old_value: old?.value ?? null, new_value: data }
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Nobody of the benchmark comes back, and nobody joins while events are fired: there is nothing to miss. */
  async missedSince({ epoch, offset }: Position): Promise<Missed> {
    if (epoch !== EPOCH || offset !== this.#offset) return { recovered: false }
    return { recovered: true, events: [], position: this.#position }
  }

  get #position(): Position {
    return { epoch: EPOCH, offset: this.#offset }
  }

  #snapshot(stream: string, group: string): Snapshot {
    return {
      data: `[${[...this.#group(stream, group).values()].map(({ json }) => json).join()}]`,
      position: this.#position,
    }
  }

  #group(stream: string, group: string): Map<string, Item> {
    const name = JSON.stringify([stream, group])
    const items = this.#groups.get(name) ?? new Map<string, Item>()
    this.#groups.set(name, items)
    return items
  }
}

/** Join triggers and an auth function would be called, and the benchmark has neither. */
const NO_CALLS: StreamServerHandle = {
  trigger: (request) => Promise.reject(new Error(`The benchmark's stream listener called ${request.function_id}.`)),
  registerTriggerType: () => undefined,
}
