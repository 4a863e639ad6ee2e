// Holds the `config` blocks of plugins against their schemas without starting anything: for `iii config check`.
// In a running engine the plugin host does this, plugin by plugin.
import type { PluginSchemas } from './file-schema.ts'
import { Findings } from './findings.ts'
import { parsePointer, renderPath } from '../../base/values/json-path.ts'
import type { ReadConfig } from './load.ts'
import type { ResolvedPlugin } from './resolve-entries.ts'
import { validateAgainstSchema } from '../../base/values/schema-validation.ts'

/** @throws ConfigError with every value that does not fit, at its line. Plugins without a known schema pass. */
export function checkPluginConfigs(
  { document, paths }: ReadConfig,
  plugins: readonly ResolvedPlugin[],
  schemas: PluginSchemas,
): void {
  const findings = new Findings(document, false)
  for (const { entry } of plugins) {
    const schema = Object.hasOwn(schemas, entry.name) ? schemas[entry.name] : undefined
    if (schema === undefined || !entry.enabled) continue
    const result = validateAgainstSchema(schema, entry.config)
    if ('value' in result) continue
    for (const { pointer, message } of result.problems) {
      const inside = ['config', ...parsePointer(pointer)]
      findings.problem(
        [...(paths.get(entry.instanceId) ?? []), ...inside],
        `worker '${entry.writtenName}': ${renderPath(inside)}: ${message}`,
      )
    }
  }
  findings.throwIfAny()
}
