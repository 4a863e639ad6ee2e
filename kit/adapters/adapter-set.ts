// The `adapter` block of a built-in worker: which storage or transport stands behind it (spec 02 §7, 03 §2).
import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '../../sdk/plugin.ts'

export interface AdapterChoice {
  readonly name: string
  readonly config?: Readonly<Record<string, unknown>> | null
}

/** One adapter that a worker can be told to use. */
export interface AdapterOption {
  readonly name: string
  /** Other names of it that are accepted. */
  readonly aliases?: readonly string[]
  readonly description: string
  /** Properties of its `config` block. Defaults named here are filled in by the adapter, not by the schema. */
  readonly config: Readonly<Record<string, JsonSchema>>
}

/**
 * Schema of an `adapter` block: one closed branch per adapter, found by its name. An unknown name gives
 * `Adapter factory '<name>' not found. Available: [...]`.
 */
export function adapterSchema(options: readonly AdapterOption[], description: string): JsonSchema {
  return {
    type: ['object', 'null'],
    description,
    required: ['name'],
    discriminator: { propertyName: 'name' },
    oneOf: options.map(({ name, aliases = [], description: meaning, config }) => ({
      title: name,
      description: meaning,
      additionalProperties: false,
      properties: {
        name: { enum: [name, ...aliases] },
        config: { type: ['object', 'null'], additionalProperties: false, properties: config },
      },
    })),
  }
}

/**
 * The adapters of one worker by name. Each is loaded when it is chosen: Redis and the bridge bring clients along that most engines do
 * not need.
 */
export type AdapterFactories<Factory> = Readonly<Record<string, () => Promise<Factory>>>

export async function loadAdapter<Factory>(
  factories: AdapterFactories<Factory>,
  { name }: AdapterChoice,
): Promise<Factory> {
  if (Object.hasOwn(factories, name)) return factories[name]!()
  // The schema has refused it before; this is for callers that did not ask it.
  throw new Error(`Adapter factory '${name}' not found. Available: [${Object.keys(factories).join(', ')}]`)
}

/** Absent is the same as the default without settings. */
export function isSameAdapter(
  one: AdapterChoice | null | undefined,
  other: AdapterChoice | null | undefined,
  defaultName: string,
): boolean {
  const settings = (choice: AdapterChoice | null | undefined): unknown => ({
    name: choice?.name ?? defaultName,
    config: choice?.config ?? {},
  })
  return isDeepStrictEqual(settings(one), settings(other))
}
