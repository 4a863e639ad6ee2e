// Where a plugin's code comes from. Found by `discover.ts`; nothing of the plugin has been read yet.

/** `[a-z][a-z0-9-]{0,63}` (spec 09 §1). */
export const PLUGIN_NAME = /^[a-z][a-z0-9-]{0,63}$/

export interface PluginSource {
  readonly name: string
  /** Other names of it, by which settings may be kept; empty for a plugin that has the name of no built-in. */
  readonly aliases: readonly string[]
  /** Absolute path of the module that exports the definition. */
  readonly entryFile: string
  /** Absolute path of what is the plugin's own: its folder, or the file itself. */
  readonly path: string
  /** Part of the engine. */
  readonly builtIn: boolean
  /** A user plugin that stands in for the built-in of its name, with that one's rights. */
  readonly replaces: boolean
  /** `built-in`, or the path relative to the project root, for listings. */
  readonly origin: string
}
