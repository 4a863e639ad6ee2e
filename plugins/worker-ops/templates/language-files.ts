// What a template has of its language, and the SDKs that it is for.

/** Version of the SDK for Node.js, and of those for Python and Rust, that the templates are tested with. */
export const SDK = { npm: '0.22.1', pypi: '0.25.0', crates: '0.25.0' } as const

export interface LanguageFiles {
  /** By path in the worker's folder. */
  readonly files: Readonly<Record<string, string>>
  readonly install: string
  readonly start: string
  /** What the folder has that is made anew. */
  readonly ignored: readonly string[]
  /** What must be there before it runs, in words. */
  readonly needs: string
}
