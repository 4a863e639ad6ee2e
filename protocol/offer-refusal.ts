// Why a plugin does not open an offered channel; a file of its own, since pages know transports and not the frames of a ring.

/** Why a plugin does not open a channel that it is asked for. */
export const OfferRefusal = {
  /** No such channel was offered, or not with this key, or not this end of it. */
  Unknown: 1,
  /** It was offered once, and was withdrawn or opened. */
  Over: 2,
} as const
export type OfferRefusal = (typeof OfferRefusal)[keyof typeof OfferRefusal]
