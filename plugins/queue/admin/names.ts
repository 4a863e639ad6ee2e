// What a name means that somebody gives to an admin function (spec 03 §3.8): a named queue, else a topic with the queues of its
// subscriptions. The inner keys of queues are never said.
import { namedQueue, type Backend, type QueueRef } from '../adapters/backend.ts'
import type { QueueSettings } from '../settings.ts'

/** The named queues that are defined. */
export interface NamedQueues {
  names(): Iterable<string>
  settingsOf(name: string): QueueSettings | undefined
}

export interface Meant {
  readonly kind: 'named' | 'topic'
  /** As it is called in the store; what is answered says the name as it was given. */
  readonly name: string
  /** One for a named queue, one for each subscription of a topic. */
  readonly queues: readonly QueueRef[]
  /** The function of a subscription's queue: messages that were published before it have none. */
  functionOf(queue: QueueRef): string
  /** Messages of a topic that nobody has subscribed to yet. */
  readonly backlog: number
  /** Whether there is anything by that name. */
  readonly isKnown: boolean
}

export class QueueNames {
  readonly #named: NamedQueues
  readonly #backend: Pick<Backend, 'queues' | 'backlog' | 'subscriptions'>

  constructor(named: NamedQueues, backend: Pick<Backend, 'queues' | 'backlog' | 'subscriptions'>) {
    this.#named = named
    this.#backend = backend
  }

  /** A name that nobody knows is tried once more percent-decoded: consoles pass it as it stands in their address. */
  async find(name: string): Promise<Meant> {
    const found = await this.#exact(name)
    if (found.isKnown) return found
    const decoded = percentDecoded(name)
    if (decoded === undefined || decoded === name) return found
    const other = await this.#exact(decoded)
    return other.isKnown ? other : found
  }

  async #exact(name: string): Promise<Meant> {
    if (this.#named.settingsOf(name) !== undefined)
      return { kind: 'named', name, queues: [namedQueue(name)], backlog: 0, isKnown: true, functionOf: () => '' }
    const queues = (await this.#backend.queues()).filter((queue) => queue.name === name)
    const subscriptions = queues.filter(({ kind }) => kind === 'subscription')
    const backlog = await this.#backend.backlog(name)
    const remembered = await this.#backend.subscriptions(name)
    const functions = new Map(remembered.map(({ queue, functionId }) => [queue.key, functionId]))
    const functionOf = ({ key }: QueueRef): string => functions.get(key) ?? ''
    if (subscriptions.length > 0 || backlog > 0)
      return { kind: 'topic', name, queues: subscriptions, backlog, isKnown: true, functionOf }
    // A queue that is defined no more, in which something is left.
    const isLeft = queues.length > 0
    return { kind: isLeft ? 'named' : 'topic', name, queues, backlog, isKnown: isLeft, functionOf }
  }
}

function percentDecoded(name: string): string | undefined {
  try {
    return decodeURIComponent(name)
  } catch {
    return undefined
  }
}
