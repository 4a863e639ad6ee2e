// The skills in all their folders (spec 05 A.4). Nothing is kept in memory: each call looks at the files as they are.
import { join } from 'node:path'
import type { ChangesInTurn } from '../files/changes-in-turn.ts'
import { READS_AT_ONCE } from '../files/bounds.ts'
import { directoryError, nearNames, shownName, storageError } from '../files/directory-error.ts'
import { inBatches } from '../files/in-batches.ts'
import { type MarkdownFolder, UnusableFile } from '../files/markdown-folder.ts'
import type { Notices } from '../files/notices.ts'
import { idOf, isOverview, kindOf, meantIds, namespaceOf, OVERVIEWS, pathsOf, readSkillId } from './skill-id.ts'
import { checkBody, checkSize, readSkillText, type SkillRow, type SkillText } from './skill-text.ts'

export interface SkillRoot {
  readonly folder: MarkdownFolder
  readonly isWritable: boolean
  /** Its skills are shown whichever workers are installed. */
  readonly isAlwaysShown: boolean
}

export interface SkillLibraryDeps {
  /** Of skills with the same id the one in the first of these counts. New ones are made in the first. */
  readonly roots: readonly SkillRoot[]
  readonly changes: ChangesInTurn
  readonly notices: Notices
  /** Namespaces whose skills are shown; undefined = all. */
  readonly shownNames: () => Promise<ReadonlySet<string> | undefined>
  /** Told in turn of a change when it has been made. */
  readonly onChange: (change: { op: 'create' | 'update' | 'delete'; id: string; file: string }) => Promise<void>
}

export interface ListedSkill extends SkillRow {
  readonly bytes: number
  readonly modified_at: string
}

export interface ListQuery {
  readonly search?: string | undefined
  readonly prefix?: string | undefined
  readonly type?: string | undefined
}

interface Place {
  readonly id: string
  readonly path: string
  readonly root: SkillRoot
}

const NEXT_LIST = 'call directory::skills::list to see the ids that there are'

export class SkillLibrary {
  readonly #deps: SkillLibraryDeps

  constructor(deps: SkillLibraryDeps) {
    this.#deps = deps
  }

  /** Sorted by id. */
  async list({ search, prefix, type }: ListQuery = {}): Promise<ListedSkill[]> {
    const shown = await this.#deps.shownNames()
    const places = (await this.#places()).filter(
      ({ id, root }) =>
        (prefix === undefined || id.startsWith(prefix)) &&
        (shown === undefined || root.isAlwaysShown || shown.has(namespaceOf(id))),
    )
    const rows = await inBatches(places, READS_AT_ONCE, (place) => this.#row(place))
    const wanted = search?.toLowerCase()
    return rows.filter(
      (row) =>
        row !== undefined &&
        (type === undefined || row.type === type) &&
        (wanted === undefined ||
          [row.id, row.title, row.description].some((text) => text.toLowerCase().includes(wanted))),
    ) as ListedSkill[]
  }

  async get(
    given: string,
  ): Promise<SkillText & { readonly modified_at: string; readonly path: string; readonly raw: string }> {
    const id = readSkillId(given)
    const place = await this.#find(id)
    const found =
      place === undefined
        ? undefined
        : await usable(`skill ${shownName(place.id)} can't be read`, () => place.root.folder.read(place.path))
    if (place === undefined || found === undefined) throw await this.#notFound(id)
    const skill = await readSkillText(place.id, found.text)
    checkBody(`skill ${shownName(place.id)}`, skill.body)
    return { ...skill, modified_at: found.modifiedAt, path: found.file, raw: found.text }
  }

  /** Ids of these that no skill has. */
  async unknown(ids: readonly string[]): Promise<string[]> {
    const known = await inBatches(ids, READS_AT_ONCE, async (id) => {
      try {
        return (await this.#find(readSkillId(id))) !== undefined
      } catch {
        return false
      }
    })
    return ids.filter((_, index) => !known[index])
  }

  /** One page that leads to the overview of each worker. */
  async index(): Promise<{ body: string; workers_count: number }> {
    const overviews = (await this.list()).filter(
      ({ id, type }) => type === 'index' || (type === null && isOverview(id)),
    )
    const workers = new Set(overviews.map(({ id }) => namespaceOf(id)))
    const count = `${workers.size} ${workers.size === 1 ? 'worker has' : 'workers have'} skills.`
    const parts = overviews.flatMap(({ id, title, description }) => [
      `## ${title}`,
      ...(description === '' ? [] : [description]),
      `Read more: \`directory::skills::get\` with id \`${id}\``,
    ])
    return { body: `${['# Skills index', count, ...parts].join('\n\n')}\n`, workers_count: workers.size }
  }

  create(given: string, content: string): Promise<ListedSkill> {
    const meant = readSkillId(given)
    // A bare name is a namespace: what is written under it is its overview.
    const id = meant.includes('/') ? meant : `${meant}/index`
    this.#checkReserved(id)
    const { roots, changes } = this.#deps
    return changes.run(async () => {
      await checkSkill(id, content)
      const root = roots[0]!
      const path = `${id}.md`
      const isThere = (await this.#locate(id)) !== undefined
      const isMade =
        !isThere && (await stored(`skill ${shownName(id)} can't be written`, () => root.folder.create(path, content)))
      if (!isMade) {
        throw directoryError('D114', `skill ${shownName(id)} exists already`, {
          next: [`call directory::skills::update to replace it`],
        })
      }
      return this.#written('create', { id, path, root }, content)
    })
  }

  update(given: string, content: string): Promise<ListedSkill> {
    const id = readSkillId(given)
    this.#checkReserved(id)
    return this.#deps.changes.run(async () => {
      const place = await this.#writable(id)
      await checkSkill(place.id, content)
      await stored(`skill ${shownName(place.id)} can't be written`, () =>
        place.root.folder.replace(place.path, content),
      )
      return this.#written('update', place, content)
    })
  }

  delete(given: string): Promise<{ id: string }> {
    const id = readSkillId(given)
    this.#checkReserved(id)
    return this.#deps.changes.run(async () => {
      const place = await this.#writable(id)
      await stored(`skill ${shownName(place.id)} can't be deleted`, () => place.root.folder.remove(place.path))
      await this.#deps.onChange({ op: 'delete', id: place.id, file: absolute(place) })
      return { id: place.id }
    })
  }

  // ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Where each skill lies, sorted by id. */
  async #places(): Promise<Place[]> {
    const places = new Map<string, Place>()
    for (const root of this.#deps.roots) {
      const paths = await stored(`the folder '${root.folder.folder}' can't be read`, () => root.folder.paths())
      const skills = paths.filter((path) => kindOf(path) === 'skills').map((path) => ({ id: idOf(path), path, root }))
      for (const place of skills.sort((one, other) => rank(one) - rank(other))) {
        if (!places.has(place.id)) places.set(place.id, place)
        else this.#deps.notices.skipped(absolute(place), `another file is the skill '${place.id}'`)
      }
    }
    return [...places.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
  }

  async #row(place: Place): Promise<ListedSkill | undefined> {
    const { id, path, root } = place
    try {
      const file = await root.folder.read(path)
      if (file === undefined) return undefined
      const { body, ...row } = await readSkillText(id, file.text)
      if (body.trim() === '') throw new UnusableFile('it is empty')
      return { ...row, bytes: file.bytes, modified_at: file.modifiedAt }
    } catch (error) {
      this.#deps.notices.skipped(absolute(place), (error as Error).message)
      return undefined
    }
  }

  /** Where a skill lies, by any form of its id. */
  async #find(id: string): Promise<Place | undefined> {
    for (const meant of meantIds(id)) {
      const place = await this.#locate(meant)
      if (place !== undefined) return place
    }
    return undefined
  }

  /** Where the skill of exactly this id lies. */
  async #locate(id: string): Promise<Place | undefined> {
    if (kindOf(`${id}.md`) !== 'skills') return undefined
    for (const root of this.#deps.roots) {
      for (const path of pathsOf(id)) {
        if (await stored(`skill ${shownName(id)} can't be read`, () => root.folder.has(path))) return { id, path, root }
      }
    }
    return undefined
  }

  async #writable(id: string): Promise<Place> {
    const place = await this.#find(id)
    if (place === undefined) throw await this.#notFound(id)
    if (place.root.isWritable) return place
    const { folder } = place.root.folder
    throw directoryError('D116', `skill ${shownName(place.id)} lies in '${folder}', which is only read`, {
      next: ['edit the file yourself', 'call directory::skills::create with another id'],
    })
  }

  async #written(op: 'create' | 'update', place: Place, content: string): Promise<ListedSkill> {
    const { id, path, root } = place
    const { body: _body, ...row } = await readSkillText(id, content)
    const { bytes, modifiedAt } = await root.folder.stat(path)
    await this.#deps.onChange({ op, id, file: absolute(place) })
    return { ...row, bytes, modified_at: modifiedAt }
  }

  #checkReserved(id: string): void {
    const kind = kindOf(`${id}.md`)
    if (kind === 'skills') return
    const family = kind === 'agents' ? 'directory::agents' : `directory::${kind}`
    throw directoryError('D115', `${shownName(id)} lies in a folder '${kind}', which is kept for ${NAMES[kind]}`, {
      next: [`call ${family}::list to see them`, 'choose another id'],
    })
  }

  async #notFound(id: string): Promise<Error> {
    const ids = await this.#places().then(
      (places) => places.map((place) => place.id),
      () => [],
    )
    const near = nearNames(id, ids)
    const prefix = `${namespaceOf(id)}/`
    const meant = near.length > 0 ? near : ids.filter((other) => other.startsWith(prefix)).slice(0, 3)
    return directoryError('D110', `skill ${shownName(id)} does not exist`, { meant, next: [NEXT_LIST] })
  }
}

const NAMES = { prompts: 'prompts', 'system-prompts': 'system prompts', agents: 'profiles of agents' } as const

/** Of several files of one id the one that counts: `index.md` before `SKILL.md`. */
function rank({ path }: Place): number {
  return OVERVIEWS.findLastIndex((name) => path === `${name}.md` || path.endsWith(`/${name}.md`))
}

function absolute({ path, root }: Place): string {
  return join(root.folder.folder, path)
}

async function checkSkill(id: string, content: string): Promise<void> {
  const of = `skill ${shownName(id)}`
  checkSize(of, content)
  checkBody(of, (await readSkillText(id, content)).body)
}

/** What the disk refuses is told as such. */
export async function stored<Result>(doing: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw storageError(doing, error)
  }
}

/** A file that can't be used is told as such; what else the disk refuses, too. */
export async function usable<Result>(doing: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof UnusableFile) throw directoryError('D213', `${doing}: ${error.message}`)
    throw storageError(doing, error)
  }
}
