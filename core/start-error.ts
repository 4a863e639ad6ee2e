// Why the engine can't start, for a person: no stack trace belongs beside it.

export class StartError extends Error {
  override readonly name = 'StartError'
  /** What to do about it, when the message does not say so. */
  readonly remedy: string | undefined

  constructor(message: string, remedy?: string, options?: ErrorOptions) {
    super(message, options)
    this.remedy = remedy
  }
}
