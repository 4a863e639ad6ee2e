// Registrations of a connection whose namespace is not known yet, and the calls that it made behind them (spec 01 §13).
// Held until the announce, 250 ms of silence, or the end of the grace, whichever comes first.
import type { WorkerMessage } from '../../protocol/messages.ts'
import type { Action } from '../model/action.ts'
import type { Call } from '../model/call.ts'

const SILENCE_MS = 250
/** Beyond this many held items they take effect early, in `default`. */
const MAX_ITEMS = 100_000
const MAX_BYTES = 64 * 1024 * 1024

export type HeldItem =
  | { readonly message: WorkerMessage; readonly bytes: number; readonly call?: undefined }
  | { readonly message?: undefined; readonly call: Call; readonly action: Action | undefined }

/** Those that this turn has brought. Of nearly all the announce comes with it, and no timer is made. */
let fresh: HeldRegistrations[] = []

function waitForAll(): void {
  const waiting = fresh
  fresh = []
  for (const held of waiting) held.wait()
}

export class HeldRegistrations {
  readonly #graceMs: number
  readonly #onTime: () => void
  #items: HeldItem[] = []
  #bytes = 0
  #hasEnded = false
  #grace: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined

  /** @param onTime called when the wait is over without an announce; the caller then ends it. */
  constructor(graceMs: number, onTime: () => void) {
    this.#graceMs = graceMs
    this.#onTime = onTime
    if (fresh.push(this) === 1) setImmediate(waitForAll)
  }

  /** The time runs from now on. */
  wait(): void {
    if (this.#hasEnded) return
    this.#grace = setTimeout(this.#onTime, this.#graceMs).unref()
    this.#silence = setTimeout(this.#onTime, Math.min(SILENCE_MS, this.#graceMs)).unref()
  }

  /** @param bytes size of the frame that it came in. */
  addMessage(message: WorkerMessage, bytes: number): void {
    this.#add({ message, bytes }, bytes)
  }

  addCall(call: Call, action: Action | undefined): void {
    call.data = Buffer.from(call.data)
    if (call.metadata !== undefined) call.metadata = Buffer.from(call.metadata)
    this.#add({ call, action }, call.data.length + (call.metadata?.length ?? 0))
  }

  /** A frame came: the silence starts anew. */
  touch(): void {
    this.#silence?.refresh()
  }

  /** Waits no longer and hands everything over, in order. */
  end(): readonly HeldItem[] {
    this.#hasEnded = true
    clearTimeout(this.#grace)
    clearTimeout(this.#silence)
    // This is still known to the end of the turn, which may bring a thousand others; what was held need not last so long.
    const items = this.#items
    this.#items = []
    return items
  }

  #add(item: HeldItem, bytes: number): void {
    this.#items.push(item)
    this.#bytes += bytes
    if (this.#items.length > MAX_ITEMS || this.#bytes > MAX_BYTES) this.#onTime()
  }
}

/** Messages whose effect depends on the namespace, or on one before them that waits for it. */
export function isRegistration(message: WorkerMessage): boolean {
  switch (message.type) {
    case 'registerfunction':
    case 'unregisterfunction':
    case 'registerservice':
    case 'registertriggertype':
    case 'unregistertriggertype':
    case 'registertrigger':
    case 'unregistertrigger':
      return true
    default:
      return false
  }
}

/** The namespace in the payload of an announce, blank ones included. */
export function announcedNamespace(data: Buffer): string | undefined {
  try {
    const { namespace } = JSON.parse(data.utf8Slice()) as { namespace?: unknown }
    return typeof namespace === 'string' ? namespace : undefined
  } catch {
    return undefined
  }
}
