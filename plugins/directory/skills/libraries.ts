// The libraries of one directory put together: one set of folders, one order of changes. Loaded when the first function is called.
import { ProfileLibrary } from '../agents/profile-library.ts'
import type { ChangesInTurn } from '../files/changes-in-turn.ts'
import { MarkdownFolder } from '../files/markdown-folder.ts'
import { Notices } from '../files/notices.ts'
import { PromptLibrary, type PromptKind } from '../prompts/prompt-library.ts'
import type { PluginContext } from '../../../sdk/plugin.ts'
import { type OnChange, skillEvent } from './on-change.ts'
import type { DirectoryPlace } from './place.ts'
import { SkillLibrary, type SkillRoot } from './skill-library.ts'

export interface Folders {
  readonly local: string | undefined
  readonly skills: string
  /** Only read. */
  readonly agentsSkills: string | undefined
  readonly profiles: string
}

export interface LibrariesDeps {
  readonly context: Pick<PluginContext, 'log' | 'processes' | 'dataDir'>
  readonly place: DirectoryPlace
  readonly folders: Folders
  readonly changes: ChangesInTurn
  readonly onChange: OnChange
}

/** Shown whatever is installed. */
const ALWAYS_SHOWN = ['iii', 'iii-directory']

export class Libraries {
  readonly skills: SkillLibrary
  readonly prompts: Readonly<Record<PromptKind, PromptLibrary>>
  readonly profiles: ProfileLibrary
  readonly notices: Notices
  readonly skillsFolder: MarkdownFolder
  readonly profilesFolder: MarkdownFolder

  constructor({ context, place, folders, changes, onChange }: LibrariesDeps) {
    this.notices = new Notices(context.log)
    const folder = (at: string): MarkdownFolder => new MarkdownFolder(at, this.notices)
    this.skillsFolder = folder(folders.skills)
    this.profilesFolder = folder(folders.profiles)
    const local = folders.local === undefined ? undefined : folder(folders.local)
    const writable = [...(local === undefined ? [] : [local]), this.skillsFolder]
    const roots: SkillRoot[] = writable.map((each) => ({
      folder: each,
      isWritable: true,
      isAlwaysShown: each === local,
    }))
    if (folders.agentsSkills !== undefined) {
      roots.push({ folder: folder(folders.agentsSkills), isWritable: false, isAlwaysShown: true })
    }
    this.skills = new SkillLibrary({
      roots,
      changes,
      notices: this.notices,
      shownNames: () => shownNames(place),
      onChange: ({ op, id, file }) => onChange.changed('skills', skillEvent(op, id), [file]),
    })
    const prompts = (kind: PromptKind): PromptLibrary =>
      new PromptLibrary({
        kind,
        folders: writable,
        changes,
        notices: this.notices,
        onChange: (op, name, files) => onChange.changed(kind, { op, name }, files),
      })
    this.prompts = { prompts: prompts('prompts'), 'system-prompts': prompts('system-prompts') }
    this.profiles = new ProfileLibrary({
      folder: this.profilesFolder,
      changes,
      notices: this.notices,
      unknownSkills: (ids) => this.skills.unknown(ids),
      onChange: (op, name, files) => onChange.changed('agents', { op, name }, files),
    })
  }
}

async function shownNames(place: DirectoryPlace): Promise<ReadonlySet<string> | undefined> {
  if (!place.filterUnregistered()) return undefined
  const installed = await place.installedNames()
  return installed === undefined ? undefined : new Set([...installed, ...ALWAYS_SHOWN])
}
