// The lock of a project (spec 05 B.2): one operation that changes it at a time, whichever process it runs in. Nobody waits for it. A lock
// whose process is gone is none.
import { link, mkdir, readFile, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { WorkerOpError } from './errors.ts'

const FILE = '.iii-worker.lock'
const NO_ROOM: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])
/** Taking a lock away from a process that is gone is a matter of milliseconds; who began so long ago has not survived it. */
const STEALING_MS = 10_000

export class ProjectLock {
  readonly #root: string
  readonly #file: string
  #isHeld = false

  constructor(root: string) {
    this.#root = root
    this.#file = join(root, FILE)
  }

  /**
   * Runs something while nobody else changes the project. What changes no file of it `needsNoFile`: on a full disk it holds the lock
   * within this process alone.
   * @throws W120 when somebody else does, W121 when it can't be known
   */
  async hold<Result>(run: () => Promise<Result>, { needsNoFile = false } = {}): Promise<Result> {
    const isWritten = await this.#take(needsNoFile)
    try {
      return await run()
    } finally {
      if (isWritten) await unlink(this.#file).catch(() => {})
      this.#isHeld = false
    }
  }

  async #take(needsNoFile: boolean): Promise<boolean> {
    if (this.#isHeld) throw busy(process.pid)
    // Before anything is waited for: of two operations of this process the second must see the first.
    this.#isHeld = true
    try {
      if (await this.#write()) return true
      const holder = await this.#holder()
      if (holder !== undefined && this.#isAlive(holder)) throw busy(holder)
      await this.#removeStale()
      if (await this.#write()) return true
      throw busy(await this.#holder())
    } catch (error) {
      if (needsNoFile && NO_ROOM.has((error as NodeJS.ErrnoException).code)) return false
      this.#isHeld = false
      if (error instanceof WorkerOpError) throw error
      throw new WorkerOpError(
        'W121',
        `The lock '${this.#file}' can not be taken: ${(error as Error).message}. Make room, or the folder writable.`,
        { path: this.#file },
        { cause: error },
      )
    }
  }

  /** With its content from the first moment on. False: there is one. */
  async #write(): Promise<boolean> {
    const draft = `${this.#file}.${randomBytes(6).toString('hex')}`
    try {
      await writeFile(draft, `pid=${process.pid}\n`, { flag: 'wx' })
      await link(draft, this.#file)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await unlink(draft).catch(() => {})
    }
  }

  async #holder(): Promise<number | undefined> {
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    const pid = Number(/^pid=(\d+)/.exec(text)?.[1])
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  }

  /** A lock of this process that this object does not hold is that of a generation of the plugin that is gone. */
  #isAlive(pid: number): boolean {
    if (pid === process.pid) return false
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }

  /** One process at a time looks again and removes it: none removes the lock that another has just taken. */
  async #removeStale(): Promise<void> {
    const stealing = join(this.#root, `${FILE}.stale`)
    if (!(await made(stealing))) {
      const { mtimeMs = Date.now() } = (await stat(stealing).catch(() => undefined)) ?? {}
      if (Date.now() - mtimeMs < STEALING_MS) return
      await rmdir(stealing).catch(() => {})
      if (!(await made(stealing))) return
    }
    try {
      const holder = await this.#holder()
      if (holder === undefined || !this.#isAlive(holder)) await unlink(this.#file).catch(() => {})
    } finally {
      await rmdir(stealing).catch(() => {})
    }
  }
}

async function made(folder: string): Promise<boolean> {
  return mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

function busy(holder: number | undefined): WorkerOpError {
  const isSelf = holder === process.pid
  const who = holder === undefined ? '' : ` (process ${holder}${isSelf ? ', the engine' : ''})`
  return new WorkerOpError('W120', `Another operation on this project is under way${who}. Try again when it is over.`, {
    holder_pid: holder ?? null,
    holder_is_self: isSelf,
  })
}
