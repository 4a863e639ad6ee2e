// The `iii` handle of plugins: that of any worker, and what only a connection inside the engine can do.
import { Handle, type HandleOptions } from './handle.ts'
import type { ChannelRef } from './handle-types.ts'
import { FanOuts, type FanOut } from './fan-outs.ts'
import { OfferedChannels, type OfferedChannel, type OfferedEnd } from './offered-channels.ts'
import type { OfferTransport } from './transport.ts'

/** `iii` as a plugin gets it with its context. */
export class PluginHandle extends Handle {
  readonly #offers: OfferedChannels
  readonly #fanOuts: FanOuts
  readonly #transport: OfferTransport
  #fannedOut: PromiseWithResolvers<void> | undefined

  constructor(transport: OfferTransport, options: HandleOptions = {}) {
    super(transport, options)
    this.#transport = transport
    const { onProblem = (problem: string) => console.error(`[iii] ${problem}`) } = options
    this.#offers = new OfferedChannels(transport, this.openChannel, onProblem)
    this.#fanOuts = new FanOuts(transport, () => {
      this.#fannedOut?.resolve()
      this.#fannedOut = undefined
    })
  }

  override get pendingCalls(): number {
    return super.pendingCalls + this.#fanOuts.calls
  }

  override async idle(): Promise<void> {
    do {
      await super.idle()
      if (this.#fanOuts.calls > 0) await (this.#fannedOut ??= Promise.withResolvers()).promise
    } while (this.pendingCalls > 0)
  }

  /** Channels that are offered and that nobody has opened. */
  get offeredChannels(): number {
    return this.#offers.size
  }

  /**
   * For `stop()`, before it closes what calls need. A worker that owes this plugin an answer may still call it then, and until `stop()` has
   * ended such calls are run; from here on they are not: the generation that follows gets them, in order. Those that run already may end.
   */
  readonly passCallsOn = (): void => this.#transport.passCallsOn()

  /**
   * Calls the functions of many bindings with one payload, each as `trigger` would with the binding and its metadata, at a fraction of the
   * cost. For providers of trigger types; `TriggerBindings` of `iii-host/kit` does it by itself. Results are not told, failures are.
   */
  readonly fanOut = (call: FanOut): void => this.#fanOuts.call(call)

  /**
   * Offers a channel: returns at once, with the ref of one end to be given away. It costs next to nothing as long as nobody opens it,
   * for the engine is not told; `createChannel` makes one that exists at once. `direction` is what the holder of the ref does: `read`
   * what this plugin writes, or `write` what it reads. `onOpened` gets this plugin's end, once, when somebody has opened the other.
   * Throws `overloaded` above 100,000 offers at a time.
   */
  readonly offerChannel = <Given extends ChannelRef['direction']>(
    direction: Given,
    onOpened: (end: OfferedEnd<Given>) => void,
  ): OfferedChannel => this.#offers.offer(direction, onOpened)
}
