// Waits for plugins that are told to stop, as long as they read what they are sent.
import { CodedError } from '../../../protocol/errors.ts'
import type { Clock } from '../../../base/time/clock.ts'
import { settlesWithin } from '../../../base/time/deadline.ts'
import type { PluginPlace } from '../containers/container.ts'

/** For a plugin that has stopped, to read what was on its way to it. */
const READ_MS = 1_000

/** What was on its way to a plugin when it stopped has come back. One that reads nothing is not waited for. */
export async function untilRead(place: PluginPlace, clock: Clock): Promise<void> {
  await settlesWithin(place.read(), READ_MS, clock)
}

/** Settles as `work` does, or rejects when the place has read nothing for `ms`. */
export async function whileItReads(
  work: Promise<void>,
  { container }: PluginPlace,
  ms: number,
  clock: Clock,
): Promise<void> {
  // From here on it is looked at.
  container.unreadForMs()
  const unread = new Promise<never>((_resolve, reject) => {
    const cancel = clock.after(ms, () => {
      if (container.unreadForMs() > ms / 2) reject(new CodedError('PLUGIN_TIMEOUT', `it has read nothing for ${ms} ms`))
    })
    work.then(cancel, cancel)
  })
  await Promise.race([work, unread])
}
