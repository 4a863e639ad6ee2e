// One thread for several small plugins.
import type { HostThread } from './host-thread.ts'

/** A shared thread that reads nothing for so long gets no more plugins: they would wait with those that are in it. */
export const SHARED_UNREAD_MS = 1_000

export class SharedThread {
  readonly #spawn: () => Promise<HostThread>
  #thread: Promise<HostThread> | undefined

  constructor(spawn: () => Promise<HostThread>) {
    this.#spawn = spawn
  }

  /** The thread; a new one when it has ended, or reads nothing because of one that is in it. */
  async acquire(): Promise<HostThread> {
    const known = await this.#thread?.catch(() => undefined)
    if (known?.state === 'running' && known.unreadForMs() < SHARED_UNREAD_MS) return known
    if (known !== undefined) this.#thread = undefined
    if (this.#thread === undefined) {
      const thread = this.#spawn()
      this.#thread = thread
      const forget = (): void => {
        if (this.#thread === thread) this.#thread = undefined
      }
      thread.then((spawned) => spawned.exited.then(forget), forget)
    }
    return this.#thread
  }
}
