// The adapters of a plugin, declared as data: which storages or transports may stand behind it, what their settings are, and how
// each is loaded. The `adapter` block of the plugin's settings names one of them (spec 02 §7, 03 §2).
import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '../../sdk/plugin.ts'

/** The `adapter` block as it stands in the settings. */
export interface AdapterChoice {
  readonly name: string
  readonly config?: Readonly<Record<string, unknown>> | null
}

/** What an `adapter` block means: aliases and defaults resolved. */
export interface ChosenAdapter {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
}

/** What an adapter is called and how it can be set. */
export interface AdapterDescription {
  readonly name: string
  /** Other names of it that are accepted. Default: none. */
  readonly aliases?: readonly string[]
  readonly description: string
  /** Properties of its `config` block. Defaults named here are filled in by the adapter, not by the schema. */
  readonly config: Readonly<Record<string, JsonSchema>>
}

/** One adapter. `Factory` is the same for all of a plugin: what opens the adapter, given its settings. */
export interface Adapter<Factory> extends AdapterDescription {
  /** Called when the adapter is chosen: import here what others do not need, such as a client of Redis. */
  readonly load: () => Factory | Promise<Factory>
}

/** The adapters that a plugin can be told to use. */
export class AdapterSet<Factory> {
  readonly #adapters: readonly [Adapter<Factory>, ...Adapter<Factory>[]]

  /** The first is the one that is used when the settings name none. */
  constructor(...adapters: readonly [Adapter<Factory>, ...Adapter<Factory>[]]) {
    this.#adapters = adapters
  }

  /** Name of the adapter that is used when the settings name none. */
  get defaultName(): string {
    return this.#adapters[0].name
  }

  /**
   * Schema of the `adapter` block, for the plugin's `config` schema: one closed branch per adapter, found by its name. An unknown name
   * gives `Adapter factory '<name>' not found. Available: [...]`.
   */
  schema(description: string): JsonSchema {
    return {
      type: ['object', 'null'],
      description,
      required: ['name'],
      discriminator: { propertyName: 'name' },
      oneOf: this.#adapters.map(({ name, aliases = [], description: meaning, config }) => ({
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

  /** What a block means: the adapter under its own name, with its settings; absent and null mean the default without settings. */
  chosen(choice: AdapterChoice | null | undefined): ChosenAdapter {
    const { name = this.defaultName, config } = choice ?? {}
    return { name: this.#find(name)?.name ?? name, config: config ?? {} }
  }

  /** Whether two blocks mean the same adapter with the same settings: then a running plugin can go on with what it has open. */
  isSame(one: AdapterChoice | null | undefined, other: AdapterChoice | null | undefined): boolean {
    return isDeepStrictEqual(this.chosen(one), this.chosen(other))
  }

  /** Loads the adapter that a block names, and no other. Rejects when there is none of that name. */
  async load(choice: AdapterChoice | null | undefined): Promise<Factory> {
    const { name } = this.chosen(choice)
    const adapter = this.#find(name)
    if (adapter !== undefined) return adapter.load()
    // The schema has refused it before; this is for callers that did not ask it.
    const available = this.#adapters.map((each) => each.name).join(', ')
    throw new Error(`Adapter factory '${name}' not found. Available: [${available}]`)
  }

  #find(name: string): Adapter<Factory> | undefined {
    return this.#adapters.find((adapter) => adapter.name === name || adapter.aliases?.includes(name))
  }
}
