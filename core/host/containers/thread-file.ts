// The inside of a thread as one file, where the engine runs as one itself (docs/decisions/2026-11-29-thread-file.md). Who writes both
// puts its own value here.

export interface ThreadFile {
  readonly url: string
  /** Compiled built-in plugins that have a copy which imports from this file, by URL. */
  readonly plugins: Readonly<Record<string, PluginCopy>>
}

export interface PluginCopy {
  readonly url: string
  /** What it is a copy of, as it looked from outside. */
  readonly signature: string
}

export const threadFile: ThreadFile | undefined = undefined
