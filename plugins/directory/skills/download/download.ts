// Downloads (spec 05 A.4): fetch, check all, and only then write, all of it or nothing.
import path from 'node:path'
import type { Clock } from '../../../../base/time/clock.ts'
import { withDeadline } from '../../../../base/time/deadline.ts'
import { CodedError } from '../../../../protocol/errors.ts'
import type { PluginContext } from '../../../../sdk/plugin.ts'
import type { ChangesInTurn } from '../../files/changes-in-turn.ts'
import { directoryError } from '../../files/directory-error.ts'
import type { MarkdownFolder } from '../../files/markdown-folder.ts'
import type { Notices } from '../../files/notices.ts'
import type { ChangeEvent } from '../on-change.ts'
import type { DirectoryPlace } from '../place.ts'
import { stored } from '../skill-library.ts'
import type { ChangeKind } from '../trigger-types.ts'
import { checkFiles, type CheckedFile, registryFiles, type SetFile } from './file-set.ts'
import { installFiles } from './install-files.ts'
import { repoFiles } from './repo-files.ts'
import { type DownloadRequest, type DownloadSource, readRequest } from './request.ts'

export type { DownloadRequest } from './request.ts'

export interface DownloadDeps {
  readonly context: Pick<PluginContext, 'processes' | 'log' | 'dataDir'>
  readonly place: Pick<DirectoryPlace, 'registry' | 'downloadTimeoutMs'>
  readonly clock: Clock
  readonly changes: ChangesInTurn
  readonly notices: Notices
  readonly skills: MarkdownFolder
  readonly profiles: MarkdownFolder
  readonly onChange: (kind: ChangeKind, event: ChangeEvent, files: readonly string[]) => Promise<void>
}

export interface Downloaded {
  readonly namespace: string
  readonly skills_written: readonly string[]
  readonly prompts_written: readonly string[]
  readonly system_prompts_written: readonly string[]
  readonly agents_written: readonly string[]
  readonly source: DownloadSource
}

export const DOWNLOAD_MS = 60_000
/** Downloads at a time. */
export const MAX_DOWNLOADS = 8

export class Downloads {
  readonly #deps: DownloadDeps
  #running = 0

  constructor(deps: DownloadDeps) {
    this.#deps = deps
  }

  async download(request: DownloadRequest): Promise<Downloaded> {
    const source = readRequest(request)
    if (this.#running >= MAX_DOWNLOADS) {
      throw new CodedError('overloaded', `${this.#running} downloads are under way already: try again later.`)
    }
    this.#running++
    try {
      const namespace = source.kind === 'repo' ? source.skill : source.worker
      const files = await checkFiles(namespace, await this.#fetch(source), this.#deps.notices)
      return await this.#deps.changes.run(() => this.#write(namespace, source, files))
    } finally {
      this.#running--
    }
  }

  async #fetch(source: DownloadSource): Promise<SetFile[]> {
    const { context, place, clock, notices } = this.#deps
    const timeoutMs = place.downloadTimeoutMs?.() ?? DOWNLOAD_MS
    if (source.kind === 'repo') {
      const workFolder = path.join(context.dataDir, 'clones')
      return repoFiles(source, { processes: context.processes, clock, timeoutMs, workFolder, notices })
    }
    const { kind: _kind, worker, ...at } = source
    const late = (): Error =>
      directoryError('D320', `the registry has not answered within ${timeoutMs} ms`, { next: ['try again later'] })
    const asked = (async () => (await place.registry()).skills({ name: worker, ...at }))()
    return registryFiles(worker, await withDeadline(asked, timeoutMs, late, clock))
  }

  async #write(namespace: string, source: DownloadSource, files: readonly CheckedFile[]): Promise<Downloaded> {
    const { skills, onChange } = this.#deps
    const below = files
      .filter(({ kind }) => kind !== 'agents')
      .map((file) => ({ ...file, path: `${namespace}/${file.path}` }))
    const written = await stored(`the skills of ${namespace} can't be written`, () => installFiles(skills, below))
    const profiles = await this.#writeProfiles(files.filter(({ kind }) => kind === 'agents'))

    const of = (kind: ChangeKind): CheckedFile[] => below.filter((file) => file.kind === kind)
    const event: ChangeEvent = { op: 'download', namespace, source: source.kind }
    let unsaid: readonly string[] = [
      ...written,
      ...profiles.map((id) => path.join(this.#deps.profiles.folder, `${id}.md`)),
    ]
    for (const kind of ['skills', 'prompts', 'system-prompts', 'agents'] as const) {
      if ((kind === 'agents' ? profiles : of(kind)).length === 0) continue
      await onChange(kind, event, unsaid)
      unsaid = []
    }
    return {
      namespace,
      skills_written: of('skills').map((file) => file.path),
      prompts_written: of('prompts').map(({ name }) => name),
      system_prompts_written: of('system-prompts').map(({ name }) => name),
      agents_written: profiles,
      source,
    }
  }

  /** Never over one that is there: a profile is somebody's own. */
  async #writeProfiles(files: readonly CheckedFile[]): Promise<string[]> {
    const { profiles, notices } = this.#deps
    const written: string[] = []
    for (const { name, text } of files) {
      const isNew = await stored(`profile '${name}' can't be written`, () => profiles.create(`${name}.md`, text))
      if (isNew) written.push(name)
      else notices.skipped(`agents/${name}.md`, 'a profile of that id exists already, and stays as it is')
    }
    return written
  }
}
