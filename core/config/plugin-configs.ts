// Holds the entries of plugins against what is known of them without starting anything: for `iii config check`.
// In a running engine the plugin host does this, plugin by plugin.
import type { PluginSchemas } from './file-schema.ts'
import { Findings } from './findings.ts'
import type { JsonPath } from '../../base/values/json-path.ts'
import type { WorkerEntry } from './types.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import type { ReadConfig } from './load.ts'
import type { ResolvedPlugin } from './resolve-entries.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'

/**
 * @throws ConfigError with every value that does not fit, at its line. Plugins without a known schema pass.
 */
export function checkPluginConfigs(
  { document, paths }: ReadConfig,
  plugins: readonly ResolvedPlugin[],
  schemas: PluginSchemas,
): void {
  const findings = new Findings(document, false)
  const pathOf = (entry: WorkerEntry): JsonPath => paths.get(entry.instanceId) ?? []
  for (const { entry } of plugins) {
    const schema = Object.hasOwn(schemas, entry.name) ? schemas[entry.name] : undefined
    if (schema === undefined || !entry.enabled) continue
    const result = validateAgainstSchema(schema, entry.config)
    if ('value' in result) continue
    for (const { pointer, message } of result.problems) {
      const inside = ['config', ...parsePointer(pointer)]
      findings.problem(
        [...pathOf(entry), ...inside],
        `worker '${entry.writtenName}': ${renderPath(inside)}: ${message}`,
      )
    }
  }
  findings.throwIfAny()
}

/** @throws ConfigError with what the plugin host would refuse, at the line of the entry. */
export function refusePluginProblems(
  { document, paths }: ReadConfig,
  problems: readonly { readonly plugin: string; readonly message: string }[],
): void {
  const findings = new Findings(document, false)
  for (const { plugin, message } of problems) findings.problem(paths.get(plugin) ?? [], message)
  findings.throwIfAny()
}
