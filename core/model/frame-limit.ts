// How large a frame the peer of a connection can take. A client that gets a larger one closes the connection, and loses with it its
// functions and all answers that it waits for (spec 01 §2).
import { countText } from '../../base/values/amount-text.ts'
import { isOlder } from './sdk-version.ts'

export interface FrameLimit {
  readonly bytes: number
  /** What sets it, for messages. */
  readonly setBy: string
  /**
   * It is the engine's own, and not that of the peer's library: what the engine adds to a call that came within it does not count.
   * Default: false.
   */
  readonly isOwn?: boolean
}

const MiB = 1024 * 1024

/** What the library under an SDK takes unless it is told otherwise, and no SDK tells it; undefined = no bound is known. */
export function runtimeLimit(runtime: string, version: string | undefined): FrameLimit | undefined {
  const setBy = version === undefined ? runtime : `${runtime} ${version}`
  switch (runtime) {
    case 'node':
      return { bytes: 100 * MiB, setBy }
    case 'python':
      return version === undefined || isOlder(version, [0, 24]) ? { bytes: MiB, setBy } : undefined
    case 'rust':
      return { bytes: 16 * MiB, setBy }
    default:
      return undefined
  }
}

/** `what` would make a frame of that many bytes: the sizes, and what to do. */
export function tooLargeText(what: string, bytes: number, peer: string, { bytes: most, setBy }: FrameLimit): string {
  return (
    `${what} would make a frame of ${countText(bytes)} bytes, and ${peer} takes at most ${countText(most)} (${setBy}): ` +
    'send less at once, or pass the data through a channel'
  )
}
