// Liveness of peers, those of a listener or the one of a connection: one timer pings them and drops those that are silent for
// too long (spec 09 §5).

export interface SweptPeer {
  ping(): void
  /** True when nothing came from it for that long. Asked once per sweep. */
  isSilent(forMs: number, now: number): boolean
}

export interface SweepIntervals {
  /** Time between pings; 0 = none. */
  readonly pingMs: number
  /** Silence after which a peer counts as dead; 0 = never. */
  readonly idleMs: number
}

export class PeerSweep<Peer extends SweptPeer> {
  readonly #peers: Iterable<Peer>
  readonly #drop: (peer: Peer) => void
  #timer: ReturnType<typeof setInterval> | undefined
  #pingedAt = performance.now()

  /** `peers` is looked at anew in each sweep, and may lose the one that is dropped. */
  constructor(peers: Iterable<Peer>, drop: (peer: Peer) => void) {
    this.#peers = peers
    this.#drop = drop
  }

  /** Begins, or goes on with other intervals. */
  start({ pingMs, idleMs }: SweepIntervals): void {
    clearInterval(this.#timer)
    const period = Math.min(pingMs > 0 ? pingMs : Infinity, idleMs > 0 ? idleMs / 3 : Infinity)
    if (period === Infinity) return
    let sweptAt = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      // This process stood still (stopped, or busy): what peers sent meanwhile has not been read, so silence proves nothing.
      const isLate = now - sweptAt > period * 1.5
      sweptAt = now
      const ping = pingMs > 0 && now - this.#pingedAt >= pingMs * 0.9
      if (ping) this.#pingedAt = now
      for (const peer of this.#peers) {
        const isSilent = idleMs > 0 && peer.isSilent(idleMs, now)
        if (isSilent && !isLate) this.#drop(peer)
        else if (isSilent || ping) peer.ping()
      }
    }, period)
    // A number in browsers.
    this.#timer.unref?.()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
