// Says which plugins a change on disk concerns: watches the folders of their inputs, and `plugins_dir` for new ones.
// Folders, not files: editors replace a file by renaming another over it. Whether the content differs is for the build to say.
import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../../base/time/clock.ts'

export interface WatchedInputs {
  /** Absolute paths; a change of one of them concerns the plugin. */
  readonly files: readonly string[]
  /** The last build failed: any change beside its files may mend it (a missing module may have appeared). */
  readonly anyBeside: boolean
}

export interface InputWatcherOptions {
  readonly clock: Clock
  /** Quiet time after the last event of a burst. Default 8. */
  readonly debounceMs?: number
  /** The names of plugins whose inputs changed. */
  readonly onChanged: (plugins: ReadonlySet<string>) => void
  /** Something appeared in or vanished from a folder of plugins. */
  readonly onPluginsDir: () => void
}

/** A burst that never pauses is reported all the same after this many debounce times. */
const LONGEST_BURST = 10

export class InputWatcher {
  readonly #options: InputWatcherOptions
  readonly #debounceMs: number
  readonly #folders = new Map<string, FSWatcher>()
  readonly #plugins = new Map<string, WatchedInputs>()
  readonly #pluginDirs = new Set<string>()
  #changed = new Set<string>()
  #dirChanged = false
  #cancel: (() => void) | undefined
  #burst = 0
  #closed = false

  constructor(options: InputWatcherOptions) {
    this.#options = options
    this.#debounceMs = options.debounceMs ?? 8
  }

  /** Replaces what is watched for the plugin. */
  watch(plugin: string, inputs: WatchedInputs): void {
    if (this.#closed) return
    this.#plugins.set(plugin, inputs)
    this.#adjustFolders()
  }

  unwatch(plugin: string): void {
    this.#plugins.delete(plugin)
    this.#adjustFolders()
  }

  /** Watches a folder of plugins for new ones, and its parent as long as it doesn't exist. */
  watchPluginsDir(dir: string): void {
    this.#pluginDirs.add(dir)
    this.#adjustFolders()
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
    for (const watcher of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  #adjustFolders(): void {
    if (this.#closed) return
    const needed = new Set<string>()
    for (const { files } of this.#plugins.values()) for (const file of files) needed.add(dirname(file))
    for (const dir of this.#pluginDirs) needed.add(dir).add(dirname(dir))
    for (const [folder, watcher] of this.#folders) {
      if (needed.has(folder)) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of needed) if (!this.#folders.has(folder)) this.#open(folder)
  }

  #open(folder: string): void {
    let watcher: FSWatcher
    try {
      watcher = watch(folder, { persistent: false }, (_event, file) => this.#event(folder, file))
    } catch {
      return // It doesn't exist (yet); an event in its parent opens it.
    }
    // A watched folder that is removed ends its watcher; it is opened again when it is back.
    watcher.on('error', () => this.#lost(folder, watcher))
    this.#folders.set(folder, watcher)
  }

  #lost(folder: string, watcher: FSWatcher): void {
    watcher.close()
    if (this.#folders.get(folder) === watcher) this.#folders.delete(folder)
    this.#event(folder, null)
  }

  /** `file` is null where the platform doesn't say which one: then everything in the folder counts as changed. */
  #event(folder: string, file: string | null): void {
    const path = file === null ? undefined : join(folder, file)
    for (const [plugin, { files, anyBeside }] of this.#plugins) {
      const concerned = files.some((each) =>
        path === undefined || anyBeside ? dirname(each) === folder : each === path,
      )
      if (concerned) this.#changed.add(plugin)
    }
    for (const dir of this.#pluginDirs) {
      const itself = folder === dirname(dir) && (file === null || file === basename(dir))
      if (folder !== dir && !itself) continue
      this.#dirChanged = true
      if (itself) this.#reopen(dir)
    }
    if (this.#changed.size > 0 || this.#dirChanged) this.#settleSoon()
  }

  /** The folder was created, replaced or removed: a watcher of the old one would stay silent. */
  #reopen(dir: string): void {
    this.#folders.get(dir)?.close()
    this.#folders.delete(dir)
    this.#open(dir)
  }

  #settleSoon(): void {
    if (this.#closed || this.#burst >= LONGEST_BURST) return
    this.#burst += 1
    this.#cancel?.()
    this.#cancel = this.#options.clock.after(this.#debounceMs, () => {
      this.#burst = 0
      const changed = this.#changed
      const dirChanged = this.#dirChanged
      this.#changed = new Set()
      this.#dirChanged = false
      this.#adjustFolders()
      if (dirChanged) this.#options.onPluginsDir()
      if (changed.size > 0) this.#options.onChanged(changed)
    })
  }
}
