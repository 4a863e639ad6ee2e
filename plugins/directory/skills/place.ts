// Where skills, prompts and profiles lie, and what their functions need of the rest of the directory.

/** What a registry has of a worker's skills and prompts (spec 05 A.7.1). */
export interface PublishedSkills {
  readonly name: string
  readonly version: string
  readonly skills: readonly { readonly path: string; readonly content: string }[]
  readonly prompts: readonly {
    readonly name: string
    readonly description: string
    readonly args_schema?: unknown
    readonly content: string
  }[]
}

/** The part of a registry that downloads need. */
export interface SkillSource {
  skills(query: { readonly name: string; readonly version?: string; readonly tag?: string }): Promise<PublishedSkills>
}

export interface DirectoryPlace {
  /** Absolute, or relative to the project root. Where downloads are written, and skills where `localSkillsFolder` is not set. */
  readonly skillsFolder: string
  /** Skills of the project itself: read first, never hidden, and where new ones are made. */
  readonly localSkillsFolder?: string | undefined
  /** Only read. */
  readonly agentsSkillsFolder?: string | undefined
  /** Of profiles. */
  readonly agentsFolder: string
  /** Whether listings leave out the skills of workers that are not installed. Asked for with each. */
  readonly filterUnregistered: () => boolean
  /** Of a registry or a repository. Asked for with each download. Default 60,000. */
  readonly downloadTimeoutMs?: () => number | null | undefined
  /** Bring the skills of each worker that is added. Default false. */
  readonly autoDownload?: boolean | null | undefined
  readonly registry: () => Promise<SkillSource>
  /** undefined: nothing was ever installed, and nothing is left out. */
  readonly installedNames: () => Promise<ReadonlySet<string> | undefined>
}
