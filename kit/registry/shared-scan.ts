// Reads something that takes long for all who ask meanwhile: one reading at a time, and one more for those who asked while it was under way.
// So each gets what was there when it asked, or newer, and any number of them costs two readings.

export class SharedScan<Value> {
  readonly #read: () => Promise<Value>
  #current: Promise<Value> | undefined
  #next: Promise<Value> | undefined

  constructor(read: () => Promise<Value>) {
    this.#read = read
  }

  get(): Promise<Value> {
    if (this.#current === undefined) return this.#begin()
    const begin = (): Promise<Value> => this.#begin()
    this.#next ??= this.#current.then(begin, begin)
    return this.#next
  }

  #begin(): Promise<Value> {
    this.#next = undefined
    const reading = this.#read()
    this.#current = reading
    const ended = (): void => {
      if (this.#current === reading) this.#current = undefined
    }
    reading.then(ended, ended)
    return reading
  }
}
