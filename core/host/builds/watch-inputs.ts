// Says which plugins a change on disk concerns: watches the folders of their inputs, and `plugins_dir` for new ones.
// Folders, not files: editors replace a file by renaming another over it. Whether the content differs is for the build to say.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PathWatch } from '../../../base/files/path-watch.ts'
import { Burst } from '../../../base/time/burst.ts'
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
  /** Changes can't be noticed (any longer). */
  readonly onError?: (error: Error) => void
}

/** What makes a folder in a folder of plugins a plugin. */
const ENTRY_FILE = /^index\./

export class InputWatcher {
  readonly #options: InputWatcherOptions
  readonly #watch: PathWatch
  readonly #burst: Burst
  readonly #plugins = new Map<string, WatchedInputs & { readonly folders: ReadonlySet<string> }>()
  /** Folders of plugins, each with those in it that may hold one. */
  readonly #pluginDirs = new Map<string, ReadonlySet<string>>()
  #changed = new Set<string>()
  #dirChanged = false

  constructor(options: InputWatcherOptions) {
    const { clock, debounceMs = 8, onError } = options
    this.#options = options
    this.#burst = new Burst(debounceMs, { clock, onEnd: () => this.#tell() })
    this.#watch = new PathWatch({
      onEvent: (folder, name) => this.#happened(folder, name),
      ...(onError !== undefined && { onError }),
    })
  }

  /** Replaces what is watched for the plugin. */
  watch(plugin: string, inputs: WatchedInputs): void {
    this.#plugins.set(plugin, { ...inputs, folders: new Set(inputs.files.map((file) => dirname(file))) })
    this.#followFolders()
  }

  unwatch(plugin: string): void {
    this.#plugins.delete(plugin)
    this.#followFolders()
  }

  /** Watches a folder of plugins for new ones; it need not exist. */
  watchPluginsDir(dir: string): void {
    this.#pluginDirs.set(dir, new Set())
    this.#followFolders()
  }

  close(): void {
    this.#watch.close()
    this.#burst.close()
  }

  #followFolders(): void {
    const folders = new Set<string>()
    for (const plugin of this.#plugins.values()) for (const folder of plugin.folders) folders.add(folder)
    for (const dir of this.#pluginDirs.keys()) folders.add(dir)
    this.#watch.follow(folders)
    // Only now: what appears from here on is an event.
    for (const dir of this.#pluginDirs.keys()) {
      const inside = foldersIn(dir)
      this.#pluginDirs.set(dir, inside)
      for (const folder of inside) folders.add(folder)
    }
    this.#watch.follow(folders)
  }

  /** Without a name everything in the folder counts as changed. */
  #happened(folder: string, name: string | undefined): void {
    const path = name === undefined ? undefined : join(folder, name)
    let matters = false
    for (const [plugin, { files, anyBeside }] of this.#plugins) {
      const concerned = files.some((each) =>
        path === undefined || anyBeside ? dirname(each) === folder : each === path,
      )
      if (!concerned) continue
      this.#changed.add(plugin)
      matters = true
    }
    for (const [dir, inside] of this.#pluginDirs) {
      const isEntry = inside.has(folder) && (name === undefined || ENTRY_FILE.test(name))
      if (folder !== dir && !isEntry) continue
      this.#dirChanged = true
      matters = true
    }
    if (matters) this.#burst.add()
  }

  #tell(): void {
    const changed = this.#changed
    const dirChanged = this.#dirChanged
    this.#changed = new Set()
    this.#dirChanged = false
    if (dirChanged) this.#followFolders()
    if (dirChanged) this.#options.onPluginsDir()
    if (changed.size > 0) this.#options.onChanged(changed)
  }
}

/** Empty when there is no such folder. Links may lead to one. */
function foldersIn(dir: string): Set<string> {
  try {
    const entries = readdirSync(dir, { withFileTypes: true })
    return new Set(
      entries
        .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
        .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
        .map(({ name }) => join(dir, name)),
    )
  } catch {
    return new Set()
  }
}
