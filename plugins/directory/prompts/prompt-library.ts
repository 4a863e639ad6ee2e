// Prompts (spec 05 A.4): files in folders `prompts`, and system prompts in folders `system-prompts`. Their frontmatter has a description,
// and a name where that is not the file's. Nothing is kept in memory.
import path from 'node:path'
import { READS_AT_ONCE } from '../files/bounds.ts'
import type { ChangesInTurn } from '../files/changes-in-turn.ts'
import { directoryError, nearNames, shownName } from '../files/directory-error.ts'
import { partMarkdown } from '../../../kit/registry/frontmatter.ts'
import { textMember } from '../files/front-matter.ts'
import { inBatches } from '../files/in-batches.ts'
import type { MarkdownFile, MarkdownFolder } from '../files/markdown-folder.ts'
import type { Notices } from '../files/notices.ts'
import { kindOf } from '../skills/skill-id.ts'
import { stored } from '../skills/skill-library.ts'
import { checkBody, checkSize } from '../skills/skill-text.ts'

export type PromptKind = 'prompts' | 'system-prompts'

export interface PromptLibraryDeps {
  readonly kind: PromptKind
  /** Of prompts of one name that in the first of these counts. New ones are made in the first. */
  readonly folders: readonly MarkdownFolder[]
  readonly changes: ChangesInTurn
  readonly notices: Notices
  /** Told in turn of a change when it has been made. */
  readonly onChange: (op: 'create' | 'update' | 'delete', name: string, files: readonly string[]) => Promise<void>
}

export interface PromptRow {
  readonly name: string
  readonly description: string
  readonly modified_at: string
}

export interface WrittenPrompt extends PromptRow {
  readonly bytes: number
}

interface Prompt {
  readonly name: string
  readonly description: string
  readonly body: string
  readonly folder: MarkdownFolder
  readonly file: MarkdownFile
}

const NAME = /^[a-z0-9_-]{1,64}$/

export class PromptLibrary {
  readonly #deps: PromptLibraryDeps

  constructor(deps: PromptLibraryDeps) {
    this.#deps = deps
  }

  /** Sorted by name. */
  async list(): Promise<PromptRow[]> {
    const prompts = await this.#prompts()
    return prompts.map(({ name, description, file }) => ({ name, description, modified_at: file.modifiedAt }))
  }

  async get(given: string): Promise<PromptRow & { readonly body: string; readonly raw: string }> {
    const { name, description, body, file } = await this.#found(given)
    return { name, description, body, modified_at: file.modifiedAt, raw: file.text }
  }

  create(given: string, content: string): Promise<WrittenPrompt> {
    const name = checkName(given)
    return this.#deps.changes.run(() => this.#create(name, content))
  }

  /** May give it another name. */
  update(given: string, content: string): Promise<WrittenPrompt> {
    const name = checkName(given)
    return this.#deps.changes.run(async () => this.#update(await this.#found(name), content))
  }

  /** Makes it, or replaces it. */
  save(given: string, content: string): Promise<WrittenPrompt> {
    const name = checkName(given)
    return this.#deps.changes.run(async () => {
      const prompt = (await this.#prompts()).find((each) => each.name === name)
      return prompt === undefined ? this.#create(name, content) : this.#update(prompt, content, name)
    })
  }

  delete(given: string): Promise<{ name: string }> {
    const name = checkName(given)
    return this.#deps.changes.run(async () => {
      const { folder, file } = await this.#found(name)
      await stored(`prompt ${shownName(name)} can't be deleted`, () => folder.remove(file.path))
      await this.#deps.onChange('delete', name, [file.file])
      return { name }
    })
  }

  async #create(name: string, content: string): Promise<WrittenPrompt> {
    const { description } = await readContent(name, content, name)
    const folder = this.#deps.folders[0]!
    const relative = `${this.#deps.kind}/${name}.md`
    const isThere = (await this.#prompts()).some((each) => each.name === name)
    if (isThere || !(await this.#make(name, folder, relative, content))) throw this.#exists(name)
    return this.#written('create', name, description, folder, relative, [])
  }

  /** @param only the name that it has to keep */
  async #update({ name, folder, file }: Prompt, content: string, only?: string): Promise<WrittenPrompt> {
    const read = await readContent(name, content, only)
    const stem = path.basename(file.path, '.md')
    const newName = read.name ?? stem
    if (only !== undefined && newName !== only) {
      throw directoryError('D213', `the file of prompt ${shownName(only)} is called ${shownName(stem)}`, {
        next: [`write 'name: ${only}' into the frontmatter`],
      })
    }
    if (newName !== name && (await this.#prompts()).some((each) => each.name === newName)) throw this.#exists(newName)
    if (newName === name || newName === stem) {
      await stored(`prompt ${shownName(name)} can't be written`, () => folder.replace(file.path, content))
      return this.#written('update', newName, read.description, folder, file.path, [])
    }
    const relative = `${path.dirname(file.path)}/${newName}.md`
    if (!(await this.#make(newName, folder, relative, content))) throw this.#exists(newName)
    await stored(`prompt ${shownName(name)} can't be renamed`, () => folder.remove(file.path)).catch(async (error) => {
      await folder.remove(relative).catch(() => {})
      throw error
    })
    return this.#written('update', newName, read.description, folder, relative, [file.file])
  }

  #make(name: string, folder: MarkdownFolder, relative: string, content: string): Promise<boolean> {
    return stored(`prompt ${shownName(name)} can't be written`, () => folder.create(relative, content))
  }

  async #written(
    op: 'create' | 'update',
    name: string,
    description: string,
    folder: MarkdownFolder,
    relative: string,
    gone: readonly string[],
  ): Promise<WrittenPrompt> {
    const { bytes, modifiedAt } = await folder.stat(relative)
    await this.#deps.onChange(op, name, [path.join(folder.folder, relative), ...gone])
    return { name, description, bytes, modified_at: modifiedAt }
  }

  #exists(name: string): Error {
    const { kind } = this.#deps
    const next = kind === 'prompts' ? 'call directory::prompts::save' : 'call directory::system-prompts::update'
    return directoryError('D214', `prompt ${shownName(name)}, or a file of that name, exists already`, {
      next: [`${next} to replace it`],
    })
  }

  async #found(given: string): Promise<Prompt> {
    const name = checkName(given)
    const prompts = await this.#prompts()
    const prompt = prompts.find((each) => each.name === name)
    if (prompt !== undefined) return prompt
    const near = nearNames(
      name,
      prompts.map((each) => each.name),
    )
    throw directoryError('D210', `prompt ${shownName(name)} does not exist`, {
      meant: near,
      next: [`call directory::${this.#deps.kind}::list to see the names that there are`],
    })
  }

  /** Sorted by name. */
  async #prompts(): Promise<Prompt[]> {
    const { folders, kind, notices } = this.#deps
    const prompts = new Map<string, Prompt>()
    for (const folder of folders) {
      const all = await stored(`the folder '${folder.folder}' can't be read`, () => folder.paths())
      const paths = all.filter((relative) => kindOf(relative) === kind)
      for (const prompt of await inBatches(paths, READS_AT_ONCE, (relative) => this.#read(folder, relative))) {
        if (prompt === undefined) continue
        if (!prompts.has(prompt.name)) prompts.set(prompt.name, prompt)
        else notices.skipped(prompt.file.file, `another file is the prompt '${prompt.name}'`)
      }
    }
    return [...prompts.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  async #read(folder: MarkdownFolder, relative: string): Promise<Prompt | undefined> {
    try {
      const file = await folder.read(relative)
      if (file === undefined) return undefined
      const stem = path.basename(relative, '.md')
      const { name = stem, description, body } = await readContent(stem, file.text)
      return { name: checkName(name), description, body, folder, file }
    } catch (error) {
      this.#deps.notices.skipped(path.join(folder.folder, relative), (error as Error).message)
      return undefined
    }
  }
}

/** @throws CodedError `D212` */
function checkName(given: string): string {
  const name = given.trim()
  if (NAME.test(name)) return name
  throw directoryError(
    'D212',
    `${shownName(given)} can't be the name of a prompt: it is 1 to 64 of a-z, 0-9, _ and -`,
    {
      next: ['choose another name'],
    },
  )
}

/**
 * What the text says, which must be enough for a prompt.
 * @param only the name that its frontmatter may say @throws CodedError `D213`
 */
async function readContent(
  of: string,
  content: string,
  only?: string,
): Promise<{ readonly name: string | undefined; readonly description: string; readonly body: string }> {
  const shown = `prompt ${shownName(of)}`
  checkSize(shown, content)
  const { front, problem, body } = await partMarkdown(content)
  if (front === undefined) {
    const why = problem ?? 'it has no frontmatter'
    throw directoryError('D213', `the content of ${shown} can't be used: ${why}`, { next: [WRITE_FRONT_MATTER] })
  }
  const description = textMember(front, 'description')
  if (description === undefined) {
    throw directoryError('D213', `the frontmatter of ${shown} has no description`, { next: [WRITE_FRONT_MATTER] })
  }
  checkBody(shown, body)
  const declared = front['name']
  if (declared === undefined || declared === null) return { name: undefined, description, body }
  const name = typeof declared === 'string' || typeof declared === 'number' ? String(declared).trim() : ''
  if (!NAME.test(name)) {
    throw directoryError(
      'D213',
      `the frontmatter of ${shown} has the name ${JSON.stringify(declared)}, and names are 1 to 64 of a-z, 0-9, _ and -`,
    )
  }
  if (only !== undefined && name !== only) {
    throw directoryError('D213', `the frontmatter of ${shown} says that its name is ${shownName(name)}`, {
      next: [`write 'name: ${only}' there, or no name`],
    })
  }
  return { name, description, body }
}

const WRITE_FRONT_MATTER = "begin the content with '---', a line 'description: …' and '---'"
