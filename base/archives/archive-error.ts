// Why an archive is not unpacked. Whose error it becomes (a code, what to do about it) is its users' part.

export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  /** A clause without a capital and a full stop: `is a symbolic link`. With an entry it is said of that, else of the archive. */
  readonly reason: string
  /** The name in the archive, shortened and with everything unprintable escaped. */
  readonly entry: string | undefined

  constructor(reason: string, entry?: string, options?: ErrorOptions) {
    const shown = entry === undefined ? undefined : shownEntry(entry)
    super(shown === undefined ? `the archive ${reason}` : `the entry ${shown} ${reason}`, options)
    this.reason = reason
    this.entry = shown
  }
}

const MAX_SHOWN = 120

function shownEntry(name: string): string {
  const short = name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name
  return JSON.stringify(short)
}
