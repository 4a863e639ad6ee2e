// The configuration file of a project, edited as text: entries of `workers:` are added and removed, everything else stays as it is.
// What the engine refuses is taken back.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type * as Yaml from 'yaml'
import { writeWhole } from '../../../base/files/atomic-file.ts'
import { PLACEHOLDER } from '../../../base/values/placeholder.ts'
import type * as YamlEdit from '../../../base/files/yaml-edit.ts'
import { WorkerOpError } from '../errors.ts'

/** Loaded with the first file: an engine that edits none needs none of it. */
interface Tools {
  readonly yaml: typeof Yaml
  readonly edit: typeof YamlEdit
}

async function loaded(): Promise<Tools> {
  const [yaml, edit] = await Promise.all([import('yaml'), import('../../../base/files/yaml-edit.ts')])
  return { yaml, edit }
}

export interface FileEntry {
  /** As it is written: a name, or a class of old files. */
  readonly name: string
  readonly worker_path?: string
}

interface FoundEntry extends FileEntry {
  readonly list: 'workers' | 'modules'
  readonly index: number
}

export class ConfigFile {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  /** @throws W130 W131 */
  async entries(): Promise<readonly FileEntry[]> {
    const tools = await loaded()
    const text = new MaskedText(await this.#read())
    const shown = (name: string): string => text.unmask(name)
    return this.#entriesIn(text.masked, tools).map(({ name, worker_path: path }) => {
      return { name: shown(name), ...(path !== undefined && { worker_path: shown(path) }) }
    })
  }

  /**
   * Adds an entry at the end of `workers`. What it resolves with takes the edit back.
   * @throws W130 W131
   */
  async append(entry: FileEntry): Promise<() => Promise<void>> {
    return this.#edit((text, { edit }) => edit.appendItem(text, ['workers'], entry))
  }

  /** Removes the entries of these names. @throws W130 W131 */
  async remove(names: ReadonlySet<string>): Promise<() => Promise<void>> {
    return this.#edit((text, tools) => {
      let edited: string | undefined = text
      for (const { name, list, index } of this.#entriesIn(text, tools).toReversed()) {
        if (!names.has(name) || edited === undefined) continue
        edited = tools.edit.removeItem(edited, [list], index)
      }
      return edited
    })
  }

  /** Removes the entry of this name and puts another in its place. @throws W130 W131 */
  async replace(name: string, entry: FileEntry): Promise<() => Promise<void>> {
    return this.#edit((text, tools) => {
      const found = this.#find(text, name, tools)
      const without = found === undefined ? text : tools.edit.removeItem(text, [found.list], found.index)
      return without === undefined ? undefined : tools.edit.appendItem(without, ['workers'], entry)
    })
  }

  /** The rest of the entry stays. @param path undefined: the entry says none any more. @throws W130 W131 */
  async setPath(name: string, path: string | undefined): Promise<() => Promise<void>> {
    return this.#edit((text, tools) => {
      const { removeMember, setMember } = tools.edit
      const found = this.#find(text, name, tools)
      if (found === undefined) return undefined
      const at = [found.list, found.index]
      return path === undefined ? removeMember(text, at, 'worker_path') : setMember(text, at, 'worker_path', path)
    })
  }

  #find(text: string, name: string, tools: Tools): FoundEntry | undefined {
    return this.#entriesIn(text, tools).find((entry) => entry.name === name)
  }

  #entriesIn(text: string, tools: Tools): readonly FoundEntry[] {
    return entriesIn(this.#parsed(text, tools), tools)
  }

  async #edit(change: (text: string, tools: Tools) => string | undefined): Promise<() => Promise<void>> {
    const tools = await loaded()
    const before = await this.#read()
    const text = new MaskedText(before)
    this.#parsed(text.masked, tools)
    const edited = change(text.masked, tools)
    const after = edited === undefined ? undefined : text.unmask(edited)
    if (after === undefined) throw this.#broken("'workers' is something else than a list of entries")
    await this.#write(after)
    return async () => {
      // Not over what somebody else has written meanwhile.
      if ((await this.#read()) === after) await this.#write(before)
    }
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#file, 'utf8')
    } catch (error) {
      throw this.#unusable('read', error as Error)
    }
  }

  async #write(text: string): Promise<void> {
    try {
      await writeWhole(this.#file, text, { durable: true })
    } catch (error) {
      throw this.#unusable('written', error as Error)
    }
  }

  #parsed(text: string, { yaml }: Tools): Yaml.Document {
    const lines = new yaml.LineCounter()
    const document = yaml.parseDocument(text, { lineCounter: lines, logLevel: 'silent', prettyErrors: false })
    const [error] = document.errors
    if (error === undefined) return document
    throw this.#broken(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`)
  }

  #broken(message: string): WorkerOpError {
    return new WorkerOpError('W131', `'${this.#file}' is broken: ${message}. Correct it first; nothing was changed.`, {
      path: this.#file,
      message,
    })
  }

  #unusable(what: string, error: Error): WorkerOpError {
    const text = `'${this.#file}' can not be ${what}: ${error.message}. Nothing was changed.`
    return new WorkerOpError('W130', text, { path: this.#file }, { cause: error })
  }
}

/** The engine replaces `${NAME}` before it reads the file as YAML, of which it need be none: `{ port: ${PORT:0} }`. */
class MaskedText {
  readonly masked: string
  readonly #mark = `iii_${randomBytes(6).toString('hex')}_`
  readonly #placeholders: string[] = []

  constructor(text: string) {
    this.masked = text.replace(
      PLACEHOLDER,
      (placeholder) => `${this.#mark}${this.#placeholders.push(placeholder) - 1}_`,
    )
  }

  unmask(edited: string): string {
    return edited.replace(
      new RegExp(`${this.#mark}(\\d+)_`, 'g'),
      (_mark, index) => this.#placeholders[Number(index)] ?? '',
    )
  }
}

function entriesIn(document: Yaml.Document, { yaml: { isMap, isScalar, isSeq } }: Tools): readonly FoundEntry[] {
  const textOf = (node: unknown): string | undefined =>
    isScalar(node) && typeof node.value === 'string' ? node.value : undefined
  const found: FoundEntry[] = []
  for (const list of ['workers', 'modules'] as const) {
    const items = document.get(list, true) as Yaml.Node | undefined
    if (!isSeq(items)) continue
    for (const [index, item] of items.items.entries()) {
      if (!isMap(item)) continue
      const name = textOf(item.get('name', true)) ?? textOf(item.get('class', true))
      const path = textOf(item.get('worker_path', true))
      if (name !== undefined) found.push({ name, list, index, ...(path !== undefined && { worker_path: path }) })
    }
  }
  return found
}
