// The exit codes of the CLI (spec 05 part C) and the errors that carry them. Anything else thrown is a defect of ours.
// `unreachable` is what `iii health` tells apart from an engine that is not well; other commands fail with 1 in both cases.

export const EXIT = { ok: 0, failure: 1, usage: 2, unreachable: 3, interrupted: 130 } as const

/** Something went wrong that the user can read in one message: printed to stderr as it is, without a stack trace. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitCode: number

  constructor(message: string, options?: ErrorOptions & { exitCode?: number }) {
    super(message, options)
    this.exitCode = options?.exitCode ?? EXIT.failure
  }
}

/** The command line itself is wrong; the message is followed by a pointer to the help. */
export class UsageError extends CommandFailure {
  /** The command whose help tells what is right. */
  path = 'iii'

  constructor(message: string) {
    super(message, { exitCode: EXIT.usage })
  }
}
