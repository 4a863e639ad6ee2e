// How many bytes a connection has registered: a hundred thousand functions are little, with a schema of a megabyte each they are not.

/** Registrations below that are bounded by their number. */
const COUNTED_FROM = 1024

const KINDS = ['function', 'triggertype', 'trigger'] as const

interface Registration {
  readonly type: string
  readonly id: string
  readonly namespace?: string | undefined
}

export class RegisteredBytes {
  readonly #max: number
  /** By kind and id; what is not here is small, or was unregistered. */
  #counted: Map<string, number> | undefined
  #total = 0

  constructor(max: number) {
    this.#max = max
  }

  /**
   * Counts a message for as long as its id is not unregistered. False: it would be too much, and counts nothing.
   * @param bytes size of its frame
   */
  take({ type, id, namespace }: Registration, bytes: number): boolean {
    if (this.#counted === undefined && bytes < COUNTED_FROM) return true
    const kind = KINDS.find((each) => type.endsWith(`register${each}`))
    if (kind === undefined) return true
    const key = `${kind} ${id}`
    const counted = (this.#counted ??= new Map())
    const before = counted.get(key) ?? 0
    // A trigger type of another namespace comes beside the one that is there; all of an id go together.
    const kept = kind === 'triggertype' && namespace !== undefined ? before : 0
    const now = type.startsWith('un') ? 0 : kept + (bytes < COUNTED_FROM ? 0 : bytes)
    if (this.#total - before + now > this.#max) return false
    this.#total += now - before
    if (now === 0) counted.delete(key)
    else counted.set(key, now)
    return true
  }
}
