// A mistake on the command line of a built-in worker's command: shown without a stack, with what to do about it.

export class Mistake extends Error {
  readonly remedy: string

  constructor(message: string, remedy: string) {
    super(message)
    this.remedy = remedy
  }
}
