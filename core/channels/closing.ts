// What the ends of channels are told when they end, or never begin (spec 01 §16.2, §16.4).
import type { ChannelRef } from '../model/channel-ref.ts'
import type { OfferAnswer } from './offers.ts'

export type Closing = readonly [code: number, reason: string]

/** For a plugin: an error for whoever reads. Sockets get it as the status of their upgrade. */
export const NOT_FOUND: Closing = [404, 'Channel not found']
export const TAKEN: Closing = [1000, 'taken']
export const TOO_MANY: Closing = [1009, 'There are too many channels; try again later']
/** Who wanted the other end has not waited. */
export const OPENER_GONE: Closing = [1011, 'opener_gone']

const LATE: Closing = [1009, 'The plugin that has offered the channel does not answer; try again later']

/** The other end will never come: what a reader got may not be all. */
export function lost(direction: ChannelRef['direction']): Closing {
  return direction === 'read' ? [1011, 'writer_lost'] : [1000, 'reader_gone']
}

/** What a plugin is told whose end of an offered channel leads nowhere. */
export function refusalOf(answer: Exclude<OfferAnswer, 'opened'>, direction: ChannelRef['direction']): Closing {
  switch (answer) {
    case 'unknown':
      return NOT_FOUND
    case 'over':
      return TAKEN
    case 'gone':
      return lost(direction)
    case 'late':
      return LATE
  }
}
