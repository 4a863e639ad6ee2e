// Topics as iii engines on the same server know them (spec 03 §6.2): a message goes to the channel of its topic, and whoever is subscribed just then gets it. What
// they publish there is stored for the subscriptions of ours, by one of our engines; what ours publish has a mark, and is passed over.
import { isJson } from '../../../../base/values/is-json.ts'
import { LimitedWarning } from '../../../../base/warnings/limited-warning.ts'
import type { PluginLog } from '../../../../sdk/plugin.ts'
import { payloadMember, payloadMemberText } from '../../payload-member.ts'
import type { PublishedMessage } from '../backend.ts'
import { readSubscription, SUBSCRIPTIONS } from './queue-keys.ts'
import type { QueueServer } from './queue-server.ts'

export interface TopicChannelsOptions {
  readonly server: QueueServer
  readonly log: Pick<PluginLog, 'warn'>
  /** Stores it, without telling the channel. */
  readonly store: (topic: string, message: PublishedMessage) => Promise<unknown>
}

/** What goes to the channel. */
export function channelText({ data, traceparent, baggage }: PublishedMessage): string {
  const trace = JSON.stringify({ traceparent: traceparent ?? null, baggage: baggage ?? null })
  return `{"__trace":${trace},"__stored":true,"data":${data}}`
}

/** Undefined: it is stored already. */
export function readChannelText(text: string): PublishedMessage | undefined {
  const trace = payloadMember(text, '__trace')
  const data = payloadMemberText(text, 'data')
  if (typeof trace !== 'object' || trace === null || Array.isArray(trace) || data === undefined) return { data: text }
  if (payloadMember(text, '__stored') === true) return undefined
  const { traceparent, baggage } = trace as Record<string, unknown>
  return {
    data,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof baggage === 'string' ? { baggage } : {}),
  }
}

export class TopicChannels {
  readonly #options: TopicChannelsOptions
  readonly #warning: LimitedWarning
  readonly #channels = new Map<string, () => Promise<void>>()
  #isListener = false
  #turn: Promise<void> = Promise.resolve()

  constructor(options: TopicChannelsOptions) {
    this.#options = options
    this.#warning = new LimitedWarning((message, data) => options.log.warn(message, data))
  }

  listen(isListener: boolean): void {
    if (isListener === this.#isListener) return
    this.#isListener = isListener
    this.refresh()
  }

  /** The topics have changed. */
  refresh(): void {
    this.#turn = this.#turn
      .then(() => this.#apply())
      .catch((error: unknown) => {
        this.#warning.warn('What other engines publish to topics is not stored at the moment.', {
          error: String(error),
        })
      })
  }

  async #apply(): Promise<void> {
    const wanted = new Set<string>()
    if (this.#isListener) {
      for (const [, text] of await this.#options.server.hashAll(SUBSCRIPTIONS)) wanted.add(readSubscription(text).topic)
    }
    for (const [topic, end] of this.#channels) {
      if (wanted.has(topic)) continue
      this.#channels.delete(topic)
      await end()
    }
    for (const topic of wanted) {
      if (this.#channels.has(topic)) continue
      const end = await this.#options.server.redis.subscribe(topic, { message: (text) => this.#receive(topic, text) })
      this.#channels.set(topic, end)
    }
  }

  #receive(topic: string, text: string): void {
    if (!isJson(text)) {
      this.#warning.warn(`A message in the Redis channel "${topic}" is no JSON and was ignored.`, {
        message: text.slice(0, 100),
      })
      return
    }
    const message = readChannelText(text)
    if (message === undefined) return
    this.#options.store(topic, message).catch((error: unknown) =>
      this.#warning.warn(`A message that another engine published to the topic "${topic}" could not be stored.`, {
        error: String(error),
      }),
    )
  }
}
