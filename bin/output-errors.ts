// What becomes of the CLI when its output can't be written: Node would end it with a stack trace, and an engine with it.
// A reader that has gone (`iii … | head`) is no failure; a full disk is one, and is said.

export interface OutputErrors {
  /** Something of the output is missing, and not because nobody wanted it. */
  readonly isFailed: boolean
}

export interface OutputStreams {
  readonly stdout: NodeJS.EventEmitter
  readonly stderr: NodeJS.EventEmitter
}

/** @param say gets the message for the user, at most once */
export function watchOutput({ stdout, stderr }: OutputStreams, say: (message: string) => void): OutputErrors {
  let isFailed = false
  stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || isFailed) return
    isFailed = true
    say(`Error: the output could not be written: ${message}`)
  })
  // Nobody is left to be told.
  stderr.on('error', () => {})
  return {
    get isFailed() {
      return isFailed
    },
  }
}
