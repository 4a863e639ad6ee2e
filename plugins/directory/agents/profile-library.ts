// Profiles of agents (spec 05 A.5): files `<id>.md` in one folder, whose text is the system prompt. Nothing is kept in memory.
import path from 'node:path'
import { READS_AT_ONCE } from '../files/bounds.ts'
import type { ChangesInTurn } from '../files/changes-in-turn.ts'
import { directoryError, nearNames, shownName } from '../files/directory-error.ts'
import { partMarkdown, type FrontMatter } from '../../../kit/registry/frontmatter.ts'
import { textMember } from '../files/front-matter.ts'
import { inBatches } from '../files/in-batches.ts'
import type { MarkdownFolder } from '../files/markdown-folder.ts'
import type { Notices } from '../files/notices.ts'
import { stored, usable } from '../skills/skill-library.ts'
import { checkBody, checkSize } from '../skills/skill-text.ts'

export interface ProfileLibraryDeps {
  readonly folder: MarkdownFolder
  readonly changes: ChangesInTurn
  readonly notices: Notices
  /** Of these ids of skills those that there are not. */
  readonly unknownSkills: (ids: readonly string[]) => Promise<string[]>
  /** Told in turn of a change when it has been made. */
  readonly onChange: (op: 'create' | 'update' | 'delete', id: string, files: readonly string[]) => Promise<void>
}

/** What the frontmatter says beside the skills. */
interface ProfileMembers {
  readonly name: string
  readonly description: string | null
  readonly logo: string | null
  readonly model: string | null
  readonly reasoning_effort: string | null
  readonly icon: string | null
  readonly color: string | null
}

export interface ProfileRow extends ProfileMembers {
  readonly id: string
  /** null: it does not say which skills it has. */
  readonly skill_count: number | null
  readonly modified_at: string
}

export interface Profile extends ProfileMembers {
  readonly id: string
  readonly system_prompt: string
  readonly skills: readonly string[]
  readonly unknown_skills: readonly string[]
  readonly extends: string | null
  readonly modified_at: string
  readonly raw: string
}

export interface WrittenProfile {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly logo: string | null
  readonly bytes: number
  readonly modified_at: string
}

interface ProfileText {
  readonly members: ProfileMembers
  readonly extends: string | null
  /** undefined: it does not say. */
  readonly skills: readonly string[] | undefined
  readonly body: string
}

const ID = /^[a-z0-9_-]{1,64}$/
/** A profile that names more can't be used. */
export const MAX_SKILLS = 200

export class ProfileLibrary {
  readonly #deps: ProfileLibraryDeps

  constructor(deps: ProfileLibraryDeps) {
    this.#deps = deps
  }

  /** Sorted by id. */
  async list(): Promise<ProfileRow[]> {
    const rows = await inBatches(await this.#paths(), READS_AT_ONCE, (relative) => this.#row(relative))
    return rows.filter((row) => row !== undefined)
  }

  async get(given: string): Promise<Profile> {
    const id = checkId(given)
    const shown = `profile ${shownName(id)}`
    const file = await usable(`${shown} can't be read`, () => this.#deps.folder.read(`${id}.md`))
    if (file === undefined) throw await this.#notFound(id)
    const { members, skills = [], extends: base, body } = await readProfile(id, file.text)
    const unknown = await this.#deps.unknownSkills(skills)
    return {
      id,
      ...members,
      extends: base,
      system_prompt: body,
      skills,
      unknown_skills: unknown,
      modified_at: file.modifiedAt,
      raw: file.text,
    }
  }

  create(given: string, content: string): Promise<WrittenProfile> {
    const id = checkId(given)
    const { folder, changes } = this.#deps
    return changes.run(async () => {
      const { members } = await readProfile(id, content)
      if (!(await stored(`profile ${shownName(id)} can't be written`, () => folder.create(`${id}.md`, content)))) {
        throw directoryError('D414', `profile ${shownName(id)} exists already`, {
          next: ['call directory::agents::update to replace it'],
        })
      }
      return this.#written('create', id, members)
    })
  }

  update(given: string, content: string): Promise<WrittenProfile> {
    const id = checkId(given)
    const { folder, changes } = this.#deps
    return changes.run(async () => {
      await this.#checkThere(id)
      const { members } = await readProfile(id, content)
      await stored(`profile ${shownName(id)} can't be written`, () => folder.replace(`${id}.md`, content))
      return this.#written('update', id, members)
    })
  }

  delete(given: string): Promise<{ id: string }> {
    const id = checkId(given)
    const { folder, changes, onChange } = this.#deps
    return changes.run(async () => {
      await this.#checkThere(id)
      await stored(`profile ${shownName(id)} can't be deleted`, () => folder.remove(`${id}.md`))
      await onChange('delete', id, [path.join(folder.folder, `${id}.md`)])
      return { id }
    })
  }

  async #written(op: 'create' | 'update', id: string, members: ProfileMembers): Promise<WrittenProfile> {
    const { folder, onChange } = this.#deps
    const { bytes, modifiedAt } = await folder.stat(`${id}.md`)
    await onChange(op, id, [path.join(folder.folder, `${id}.md`)])
    const { name, description, logo } = members
    return { id, name, description, logo, bytes, modified_at: modifiedAt }
  }

  async #row(relative: string): Promise<ProfileRow | undefined> {
    const { folder, notices } = this.#deps
    try {
      const id = checkId(relative.slice(0, -'.md'.length))
      const file = await folder.read(relative)
      if (file === undefined) return undefined
      const { members, skills } = await readProfile(id, file.text)
      return { id, ...members, skill_count: skills?.length ?? null, modified_at: file.modifiedAt }
    } catch (error) {
      notices.skipped(path.join(folder.folder, relative), (error as Error).message)
      return undefined
    }
  }

  #paths(): Promise<string[]> {
    const { folder } = this.#deps
    return stored(`the folder '${folder.folder}' can't be read`, () => folder.paths({ isFlat: true }))
  }

  async #checkThere(id: string): Promise<void> {
    const isThere = await stored(`profile ${shownName(id)} can't be read`, () => this.#deps.folder.has(`${id}.md`))
    if (!isThere) throw await this.#notFound(id)
  }

  async #notFound(id: string): Promise<Error> {
    const paths = await this.#paths().catch(() => [])
    const ids = paths.map((relative) => relative.slice(0, -'.md'.length))
    return directoryError('D410', `profile ${shownName(id)} does not exist`, {
      meant: nearNames(id, ids),
      next: ['call directory::agents::list to see the ids that there are'],
    })
  }
}

/** @throws CodedError `D412` */
function checkId(given: string): string {
  const id = given.trim().replace(/\.md$/, '')
  if (ID.test(id)) return id
  throw directoryError('D412', `${shownName(given)} can't be the id of a profile: it is 1 to 64 of a-z, 0-9, _ and -`, {
    next: ['choose another id'],
  })
}

/** @throws CodedError `D213` when it is not enough for a profile */
export async function readProfile(id: string, content: string): Promise<ProfileText> {
  const shown = `profile ${shownName(id)}`
  checkSize(shown, content)
  const { front, problem, body } = await partMarkdown(content)
  const name = textMember(front, 'name')
  if (front === undefined || name === undefined) {
    const why = problem ?? (front === undefined ? 'it has no frontmatter' : 'its frontmatter has no name')
    throw directoryError('D213', `the content of ${shown} can't be used: ${why}`, {
      next: ["begin the content with '---', a line 'name: …' and '---'"],
    })
  }
  checkBody(shown, body)
  const text = (member: string): string | null => textMember(front, member) ?? null
  return {
    members: {
      name,
      description: text('description'),
      logo: text('logo'),
      model: text('model'),
      reasoning_effort: text('reasoning_effort'),
      icon: text('icon'),
      color: text('color'),
    },
    extends: text('extends'),
    skills: skillsOf(shown, front),
    body,
  }
}

function skillsOf(shown: string, { skills }: FrontMatter): readonly string[] | undefined {
  if (skills === undefined || skills === null) return undefined
  if (Array.isArray(skills) && skills.length <= MAX_SKILLS && skills.every((id) => typeof id === 'string'))
    return skills
  throw directoryError(
    'D213',
    `the member 'skills' in the frontmatter of ${shown} is no list of at most ${MAX_SKILLS} ids`,
  )
}
