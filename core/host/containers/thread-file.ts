// The inside of a thread as one file, where the engine runs as one itself (docs/decisions/2026-11-29-thread-file.md). Who writes both
// puts its own value here.

export interface ThreadFile {
  readonly url: string
  /** Of a file with copies of compiled built-in plugins, which import from this one. It exports how each is loaded, by URL, as `plugins`. */
  readonly builtIns: string
  /** How those looked from outside that it has copies of, by URL. */
  readonly plugins: Readonly<Record<string, string>>
}

export const threadFile: ThreadFile | undefined = undefined
