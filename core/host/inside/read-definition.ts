// Checks what a plugin's module exports, and takes from it what the host may know (spec 09 §2).
import { CodedError } from '../../../protocol/errors.ts'
import type { PluginDefinition } from '../../../sdk/plugin.ts'
import type { PluginDeclaration } from '../builds/bundle.ts'

const ISOLATIONS: readonly unknown[] = ['shared', 'thread', 'process', undefined]

/** @throws {CodedError} PLUGIN_START_FAILED with every member that has the wrong shape. */
export function readDefinition(
  plugin: string,
  exported: unknown,
): { definition: PluginDefinition; declaration: PluginDeclaration } {
  if (typeof exported !== 'object' || exported === null) {
    throw new CodedError(
      'PLUGIN_START_FAILED',
      `the module of plugin '${plugin}' has no default export made by definePlugin`,
    )
  }
  const members = exported as Record<string, unknown>
  const { name, description, version, config, requires, isolation, overlap, repeatable, seats, start } = members
  const problems: string[] = []
  const expect = (holds: boolean, member: string, what: string): void => {
    if (!holds)
      problems.push(`'${member}' must be ${what}, not ${JSON.stringify(members[member]) ?? String(members[member])}`)
  }
  expect(typeof name === 'string', 'name', 'a string')
  expect(typeof start === 'function', 'start', 'a function')
  expect(isOptional(description, 'string'), 'description', 'a string')
  expect(isOptional(version, 'string'), 'version', 'a string')
  expect(config === undefined || (typeof config === 'object' && config !== null), 'config', 'a JSON Schema')
  expect(isOptionalNames(requires), 'requires', 'a list of plugin names')
  expect(ISOLATIONS.includes(isolation), 'isolation', "'shared', 'thread' or 'process'")
  expect(isOptional(overlap, 'boolean'), 'overlap', 'true or false')
  expect(isOptional(repeatable, 'boolean'), 'repeatable', 'true or false')
  expect(isOptionalNames(seats), 'seats', 'a list of seat names')
  if (problems.length > 0)
    throw new CodedError('PLUGIN_START_FAILED', `definePlugin of '${plugin}': ${problems.join('; ')}`)

  const definition = exported as PluginDefinition
  const { requires: required = [], seats: claimed = [], overlap: overlaps = false } = definition
  const declaration: PluginDeclaration = {
    name: definition.name,
    requires: required,
    overlap: overlaps,
    seats: claimed,
    ...(definition.description !== undefined && { description: definition.description }),
    ...(definition.version !== undefined && { version: definition.version }),
    ...(definition.config !== undefined && { config: definition.config }),
    ...(definition.repeatable === true && { repeatable: true }),
    ...(definition.isolation !== undefined && { isolation: definition.isolation }),
  }
  return { definition, declaration }
}

function isOptional(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || typeof value === type
}

function isOptionalNames(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((name) => typeof name === 'string'))
}
