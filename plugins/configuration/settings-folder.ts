// Where the values that were set at run time stand, from the `config` block as it is written: for those who start nothing.
import { CONFIGURATION_ADAPTERS } from './adapters.ts'

interface WrittenAdapter {
  readonly name?: unknown
  readonly config?: { readonly directory?: unknown } | null
}

/** One file `ID.yaml` for each id. Relative to the project root; undefined when another engine keeps them. */
export function settingsFolder(config: Readonly<Record<string, unknown>>): string | undefined {
  const adapter = config['adapter'] as WrittenAdapter | null | undefined
  if (adapter?.name !== undefined && adapter.name !== CONFIGURATION_ADAPTERS.defaultName) return undefined
  const directory = adapter?.config?.directory
  return typeof directory === 'string' ? directory : 'config'
}
