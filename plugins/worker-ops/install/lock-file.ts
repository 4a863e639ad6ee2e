// `iii.lock` (spec 05 B.7): which versions of which workers a project runs, to be kept with its sources. Read whole, written whole.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { removeLeftovers, writeWhole } from '../../../base/files/atomic-file.ts'
import { canonicalJson } from '../../../base/values/canonical-json.ts'
import { isRecord } from '../../../base/values/is-record.ts'
import { shownValue } from '../../../base/values/shown-value.ts'
import { WorkerOpError } from '../errors.ts'
import { nameProblem } from '../worker-name.ts'
import { dependencyProblem, lockEntryForFile, readLockEntry, type LockEntry } from './lock-entry.ts'

export const MAX_LOCK_BYTES = 4 * 2 ** 20
export const MAX_LOCKED_WORKERS = 4096
const VERSION = 1
const HASH = /^sha256:v1:[0-9a-f]{64}$/
const MAX_ALIASES = 100
const HEADER = '# Which versions of its workers this project runs. Written by `iii worker`; keep it with the sources.\n'

interface Content {
  /** False: there is no file yet. */
  readonly exists: boolean
  readonly manifestHash: string | undefined
  readonly declared: Readonly<Record<string, string>> | undefined
  readonly workers: ReadonlyMap<string, LockEntry>
}

const EMPTY: Content = { exists: true, manifestHash: undefined, declared: undefined, workers: new Map() }

export class LockFile {
  readonly file: string
  readonly #content: Content

  private constructor(file: string, content: Content) {
    this.file = file
    this.#content = content
  }

  /** A file that is not there pins nothing. @throws W150 what it says is wrong, W130 it can not be read */
  static async read(file: string): Promise<LockFile> {
    const text = await readText(file)
    return new LockFile(file, text === undefined ? { ...EMPTY, exists: false } : await parseLock(text, file))
  }

  /** Whether there was such a file when it was read. */
  get exists(): boolean {
    return this.#content.exists
  }

  /** In the order of their letters. */
  get names(): readonly string[] {
    return [...this.#content.workers.keys()].sort()
  }

  /** Ranges of workers that the project wants, where the file names them. */
  get declaredDependencies(): Readonly<Record<string, string>> | undefined {
    return this.#content.declared
  }

  get(name: string): LockEntry | undefined {
    return this.#content.workers.get(name)
  }

  with(entries: Iterable<readonly [name: string, entry: LockEntry]>): LockFile {
    return this.#of(new Map([...this.#content.workers, ...entries]))
  }

  without(names: Iterable<string>): LockFile {
    const workers = new Map(this.#content.workers)
    for (const name of names) workers.delete(name)
    return this.#of(workers)
  }

  /** Whether it pins the same as the other one. */
  says(other: LockFile): boolean {
    return isDeepStrictEqual(this.#content, other.#content)
  }

  /** What the file would say. */
  async text(): Promise<string> {
    const { manifestHash, declared } = this.#content
    const { stringify } = await import('yaml')
    const workers = this.names.map((name) => [name, lockEntryForFile(this.get(name)!)])
    const content = {
      version: VERSION,
      ...(manifestHash !== undefined && { manifest_hash: manifestHash }),
      ...(declared !== undefined && { declared_dependencies: declared }),
      workers: Object.fromEntries(workers) as unknown,
    }
    return HEADER + stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })
  }

  /** Whole and durably. @throws W130 */
  async write(): Promise<void> {
    try {
      await removeLeftovers(dirname(this.file), /^iii\.lock$/)
      await writeWhole(this.file, await this.text(), { durable: true })
    } catch (error) {
      const message = `The lock file '${this.file}' could not be written: ${(error as Error).message}. Nothing of it has changed.`
      throw new WorkerOpError('W130', message, { path: this.file }, { cause: error })
    }
  }

  #of(workers: ReadonlyMap<string, LockEntry>): LockFile {
    return new LockFile(this.file, { ...this.#content, workers })
  }
}

/** Of `declared_dependencies`, as `manifest_hash` has it. */
export function manifestHash(declared: Readonly<Record<string, string>>): string {
  return `sha256:v1:${createHash('sha256').update(canonicalJson(declared)).digest('hex')}`
}

async function readText(file: string): Promise<string | undefined> {
  const unreadable = (why: string, cause?: unknown): never => {
    const message = `The lock file '${file}' can not be read: ${why}.`
    throw new WorkerOpError('W130', message, { path: file }, { cause })
  }
  let handle
  try {
    handle = await open(file)
    const { size } = await handle.stat()
    if (size > MAX_LOCK_BYTES) return unreadable(`it has ${size} bytes, at most ${MAX_LOCK_BYTES} are read`)
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof WorkerOpError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? undefined : unreadable(message, error)
  } finally {
    await handle?.close()
  }
}

async function parseLock(text: string, file: string): Promise<Content> {
  const wrong = (worker: string | null, problem: string, expected: string, found: unknown, cause?: unknown): never => {
    const message = `The lock file '${file}' ${problem}. Mend it, or take back the last version of it.`
    const shown = { worker, expected, found: shownValue(found) }
    throw new WorkerOpError('W150', message, shown, { cause })
  }
  const { parse } = await import('yaml')
  let content: unknown
  try {
    content = parse(text, { maxAliasCount: MAX_ALIASES, logLevel: 'error' })
  } catch (error) {
    const [line = ''] = (error as Error).message.split('\n')
    return wrong(null, `is no YAML: ${line.replace(/[:.]$/, '')}`, 'YAML', undefined, error)
  }
  // As an editor leaves a file that was emptied.
  if (content === null) return EMPTY
  if (!isRecord(content)) return wrong(null, `holds ${shownValue(content)} where a map belongs`, 'a map', content)
  const { version, manifest_hash: hash, declared_dependencies: declared, workers = {} } = content
  if (version !== VERSION) {
    const problem = `has the version ${shownValue(version)}; this engine knows version ${VERSION}`
    return wrong(null, problem, `version: ${VERSION}`, version)
  }
  const declaredProblem = declared === undefined || declared === null ? undefined : dependencyProblem(declared)
  if (declaredProblem !== undefined) return wrong(null, declaredProblem, 'name: range', declared)
  const ranges = (declared ?? undefined) as Record<string, string> | undefined
  checkHash(hash, ranges, (problem, expected) => wrong(null, problem, expected, hash))
  const written = workers ?? {}
  if (!isRecord(written)) return wrong(null, 'has workers that are no map', 'a map', written)
  const names = Object.keys(written)
  if (names.length > MAX_LOCKED_WORKERS) {
    return wrong(null, `pins more than ${MAX_LOCKED_WORKERS} workers`, `${MAX_LOCKED_WORKERS}`, names.length)
  }
  const entries = new Map<string, LockEntry>()
  for (const name of names) {
    const problem = nameProblem(name)
    if (problem !== undefined)
      return wrong(name, `pins a worker ${shownValue(name)}, whose name is none: ${problem}`, 'a name', name)
    const read = readLockEntry(written[name])
    if ('problem' in read)
      return wrong(name, `pins the worker '${name}', which ${read.problem}`, 'a pinned worker', written[name])
    entries.set(name, read.entry)
  }
  return { exists: true, manifestHash: hash as string | undefined, declared: ranges, workers: entries }
}

function checkHash(
  hash: unknown,
  declared: Readonly<Record<string, string>> | undefined,
  wrong: (problem: string, expected: string) => never,
): void {
  if (hash === undefined || hash === null) return
  if (typeof hash !== 'string' || !HASH.test(hash)) {
    wrong(`has the manifest_hash ${shownValue(hash)}, which is none`, 'sha256:v1: and 64 hex digits')
  }
  const expected = manifestHash(declared ?? {})
  if (hash !== expected) wrong('has a manifest_hash that is not that of its declared_dependencies', expected)
}
