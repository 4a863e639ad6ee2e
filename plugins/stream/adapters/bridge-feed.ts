// The events of all engines that are bridged to one: a function of this engine there, bound to the topic that they publish on.
import { randomUUID } from 'node:crypto'
import type { Bridge } from '../../../kit/bridge/bridge.ts'
import { objectParts } from '../../../kit/bridge/json-parts.ts'
import { LimitedWarning } from '../../../base/warnings/limited-warning.ts'
import { CodedError } from '../../../protocol/errors.ts'
import type { PluginLog } from '../../../sdk/plugin.ts'
import { StreamEvent } from '../event.ts'
import type { Feed, FeedListener, Missed } from '../feed.ts'

export const EVENTS_TOPIC = 'stream.events'

export class BridgeFeed implements Feed {
  readonly #bridge: Bridge
  readonly #listeners = new Set<FeedListener>()
  readonly #failed: LimitedWarning
  readonly #receiver = `stream::bridge::on_pub::${randomUUID()}`

  constructor(bridge: Bridge, log: PluginLog) {
    this.#bridge = bridge
    this.#failed = new LimitedWarning((message, data) => log.error(message, data))
    const options = {
      description: 'Takes the events of streams that engines bridged to this one publish.',
      metadata: { internal: true },
      live_channel_refs: false,
      raw: true,
    }
    bridge.iii.registerFunction(this.#receiver, (message: string) => this.#receive(message), options)
    bridge.iii.registerTrigger({ type: 'subscribe', function_id: this.#receiver, config: { topic: EVENTS_TOPIC } })
    bridge.onConnected((seamless) => {
      // What was read over the first connection was read behind the binding: nothing is missing in it.
      if (!seamless) void this.#connectedAgain()
    })
  }

  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** No history is kept of what passes here. */
  async missedSince(): Promise<Missed> {
    return { recovered: false }
  }

  /** What happened without the connection was missed. */
  async #connectedAgain(): Promise<void> {
    // Frames are handled in order: once the own function has been called, the binding behind it is in force, and nothing is
    // missed any more. null is no event. Where the call fails, all the more may be missed.
    await this.#bridge.call(this.#receiver, 'null').catch(() => undefined)
    this.#tell((listener) => listener.lost())
  }

  #receive(message: string): void {
    if (message === 'null') return
    const event = readEvent(message)
    this.#tell((listener) => listener.event(event))
  }

  #tell(call: (listener: FeedListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener)
      } catch (error) {
        this.#failed.warn('A listener of the streams failed.', { error: String(error) })
      }
    }
  }
}

/** The wrapper of spec 02 §6.1; its event stays the text that it is. */
function readEvent(text: string): StreamEvent {
  const message: unknown = JSON.parse(text)
  const wrapper = (typeof message === 'object' && message !== null ? message : {}) as Readonly<Record<string, unknown>>
  const { streamName: stream, groupId: group, id: item = null, timestamp, event } = wrapper
  if (
    typeof stream !== 'string' ||
    typeof group !== 'string' ||
    (item !== null && typeof item !== 'string') ||
    typeof timestamp !== 'number' ||
    typeof event !== 'object' ||
    event === null
  ) {
    throw new CodedError(
      'DESERIALIZATION_ERROR',
      `What came on the topic ${EVENTS_TOPIC} is no event of a stream: ${text.slice(0, 200)}`,
    )
  }
  return new StreamEvent({
    stream,
    group,
    item,
    timestamp,
    event: objectParts(text)!.get('event')!,
    position: undefined,
  })
}
