// A file that follows what there is: written whole, a moment after a change, so that a process that is killed leaves it as well. Of the run
// before it is read once.
import { mkdir, open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Clock } from '../time/clock.ts'
import { removeLeftovers, writeWhole } from './atomic-file.ts'

export interface FollowingFileDeps {
  /** Absolute path. Its folder is made when there is something to write. */
  readonly file: string
  /** A larger one is not read. */
  readonly maxBytes: number
  /** What is to be in it now. */
  readonly content: () => string
  /** The content that needs no file. */
  readonly empty: string
  readonly clock: Clock
  /** It can't be written. Told each time. */
  readonly onFailure: (error: Error) => void
}

/** How long changes are collected before they are written. */
const COLLECT_MS = 250

/**
 * `unused`: nothing is written yet. `current`: the file is up to date. `due`: a write is planned. `writing`, and `behind` if something
 * has changed since. `closed`: the file stays as it is.
 */
type State = 'unused' | 'current' | 'due' | 'writing' | 'behind' | 'closed'

export class FollowingFile {
  readonly #deps: FollowingFileDeps
  #state: State = 'unused'
  /** Content of the file; undefined = there is none. */
  #content: string | undefined
  #write: Promise<void> | undefined
  #cancel = (): void => {}

  constructor(deps: FollowingFileDeps) {
    this.#deps = deps
  }

  /** What it held when the last run ended; undefined where there is none. Before `begin`. */
  async read(): Promise<string | undefined> {
    const { file, maxBytes } = this.#deps
    return (this.#content = await readBounded(file, maxBytes))
  }

  /** What there is now is written, and changes from now on. */
  begin(): void {
    if (this.#state !== 'unused') return
    this.#state = 'current'
    this.changed()
  }

  /** What is to be in it may have changed. */
  changed(): void {
    if (this.#state === 'writing') this.#state = 'behind'
    if (this.#state !== 'current') return
    this.#state = 'due'
    this.#cancel = this.#deps.clock.after(COLLECT_MS, () => this.#writeDue())
  }

  /** Later changes are not written any more. @param isLast false = nor is what there is now: somebody else writes it. */
  async close(isLast = true): Promise<void> {
    const before = this.#state
    this.#state = 'closed'
    this.#cancel()
    if (before === 'unused' || before === 'closed') return
    const last = this.#deps.content()
    await this.#write
    if (isLast) await this.#save(last)
  }

  #writeDue(): void {
    this.#state = 'writing'
    this.#write = this.#save(this.#deps.content()).then(() => {
      const isBehind = this.#state === 'behind'
      if (this.#state !== 'closed') this.#state = 'current'
      if (isBehind) this.changed()
    })
  }

  async #save(content: string): Promise<void> {
    const { file, empty, onFailure } = this.#deps
    if (content === (this.#content ?? empty)) return
    try {
      await mkdir(dirname(file), { recursive: true })
      await writeWhole(file, content)
      this.#content = content
      await removeLeftovers(dirname(file), new RegExp(`^${RegExp.escape(basename(file))}$`))
    } catch (error) {
      onFailure(error as Error)
    }
  }
}

async function readBounded(file: string, maxBytes: number): Promise<string | undefined> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    if (size > maxBytes) throw new Error(`it has ${size} bytes; at most ${maxBytes} are read`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}
