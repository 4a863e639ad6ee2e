// A channel of Node's `diagnostics_channel` whose subscribers can't end the process: Node makes what one throws an uncaught exception,
// and whoever looks at an engine must not be able to take it down.
import { channel, type Channel, type ChannelListener } from 'node:diagnostics_channel'
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'

/** Subscribers from now on are guarded, in whatever way they subscribe. What they throw is a warning of the process. */
export function guardedChannel(name: string): Channel {
  const guarded = channel(name)
  const warning = new LimitedWarning((message, detail) =>
    process.emitWarning(message, { code: 'SUBSCRIBER_THREW', ...detail }),
  )
  /** Of each listener the guarded one; of that itself, for a channel subscribes once more to become active. */
  const guards = new WeakMap<ChannelListener, ChannelListener>()

  function guard(listener: ChannelListener): ChannelListener {
    const guardedListener: ChannelListener = (message, channelName) => {
      try {
        listener(message, channelName)
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
        warning.warn(`a subscriber of '${name}' threw`, { detail })
      }
    }
    guards.set(listener, guardedListener)
    guards.set(guardedListener, guardedListener)
    return guardedListener
  }

  // Looked up at each call: a channel changes its prototype with its first subscriber and its last.
  const own = (): Channel => Object.getPrototypeOf(guarded) as Channel
  return Object.defineProperties(guarded, {
    subscribe: {
      value: (listener: ChannelListener) => own().subscribe.call(guarded, guards.get(listener) ?? guard(listener)),
    },
    unsubscribe: {
      value: (listener: ChannelListener) => own().unsubscribe.call(guarded, guards.get(listener) ?? listener),
    },
  })
}
