// Tells when the configuration file has changed, wherever its path leads. Reads nothing: what to do is the caller's matter.
import { existsSync, realpathSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { PathWatch } from '../../base/files/path-watch.ts'
import { Burst } from '../../base/time/burst.ts'
import { systemClock, type Clock } from '../../base/time/clock.ts'

export interface ConfigWatchOptions {
  /** Absolute path of the file; neither it nor its folder need exist. */
  readonly file: string
  /**
   * The file as it was when it was last read: taken before reading it, so that what is saved meanwhile counts as a change.
   * Default: as it is now.
   */
  readonly seen?: FileSignature
  /** Called once per burst of events, while the file exists and is not empty. */
  readonly onChange: () => void
  /** The file is gone, once each time. What was read from it stays. */
  readonly onGone?: () => void
  /** The file is there and has no byte, after the silence; once each time. Whoever writes it in two steps has had the time. */
  readonly onEmpty?: () => void
  /** Changes can't be noticed (any longer). */
  readonly onError?: (error: Error) => void
  /** Silence that ends a burst. Default 500. */
  readonly debounceMs?: number
  readonly clock?: Clock
}

/** Differs whenever the content may; empty while there is none. */
export type FileSignature = string

const DEFAULT_DEBOUNCE_MS = 500

export function signatureOf(file: string): FileSignature {
  try {
    const { size, mtimeNs, ctimeNs, ino } = statSync(file, { bigint: true })
    return size === 0n ? '' : `${realpathSync(file)} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
  } catch {
    return ''
  }
}

/** It is there and has no byte. */
export function isEmptyFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === 0
}

export class ConfigWatch {
  readonly #options: ConfigWatchOptions
  readonly #file: string
  readonly #watch: PathWatch
  readonly #burst: Burst
  #seen: FileSignature
  /** What of it was told last. */
  #state: 'there' | 'gone' | 'empty' = 'there'

  constructor(options: ConfigWatchOptions) {
    const { onError, debounceMs = DEFAULT_DEBOUNCE_MS, clock = systemClock } = options
    this.#options = options
    this.#file = resolve(options.file)
    this.#burst = new Burst(debounceMs, { clock, onEnd: () => this.#look() })
    this.#watch = new PathWatch({ onEvent: () => this.#burst.add(), ...(onError !== undefined && { onError }) })
    this.#watch.follow(new Set([this.#file]))
    // Only now: what is saved from here on is an event.
    this.#seen = options.seen ?? signatureOf(this.#file)
    if (signatureOf(this.#file) !== this.#seen) this.#burst.add()
  }

  close(): void {
    this.#watch.close()
    this.#burst.close()
  }

  #look(): void {
    const signature = signatureOf(this.#file)
    this.#enter(existsSync(this.#file) ? (isEmptyFile(this.#file) ? 'empty' : 'there') : 'gone')
    // Gone, or cut to nothing by an editor that is about to write: the running configuration stays.
    if (signature === '' || signature === this.#seen) return
    this.#seen = signature
    this.#options.onChange()
  }

  #enter(state: 'there' | 'gone' | 'empty'): void {
    if (state === this.#state) return
    this.#state = state
    if (state === 'gone') this.#options.onGone?.()
    if (state === 'empty') this.#options.onEmpty?.()
  }
}
