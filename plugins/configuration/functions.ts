// The functions `configuration::*` (spec 04 A.9.2): what each takes, does and answers.
import { registerBuiltIn, type BuiltInFunction, type FunctionRegistrar } from '../../kit/functions/built-in-function.ts'
import { ANY_VALUE, objectSchema } from '../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../kit/functions/input-reader.ts'
import type { JsonValue } from '../../base/values/json-value.ts'
import { CodedError } from '../../protocol/errors.ts'
import { describeEntry, type ConfigurationSchema, type Entry } from './entry.ts'
import type { EntryChanges, Registration } from './entry-changes.ts'
import type { EntryTable } from './entry-table.ts'
import type { Values } from './values.ts'

export interface ConfigurationFunctionsContext {
  readonly table: EntryTable
  readonly values: Values
  readonly changes: EntryChanges
}

const ID = { type: 'string', description: 'Id of the entry, [a-z0-9_-]{1,64}.' }
const SCHEMA = { description: 'JSON Schema of the value.' }
const DESCRIPTION = {
  id: ID,
  name: { type: 'string' },
  description: { type: 'string' },
  schema: SCHEMA,
  metadata: ANY_VALUE,
}
const OPTIONAL_TEXTS = {
  name: { type: ['string', 'null'], description: 'Default: the id.' },
  description: { type: ['string', 'null'], description: 'Default: none.' },
}
const DESCRIBED = ['id', 'name', 'description', 'schema']

export function registerConfigurationFunctions(iii: FunctionRegistrar, context: ConfigurationFunctionsContext): void {
  registerBuiltIn(iii, registerFunction(context))
  registerBuiltIn(iii, setFunction(context))
  registerBuiltIn(iii, getFunction(context))
  registerBuiltIn(iii, listFunction(context))
  registerBuiltIn(iii, schemaFunction(context))
  registerBuiltIn(iii, deleteFunction(context))
}

function registerFunction({ changes }: ConfigurationFunctionsContext): BuiltInFunction<Registration> {
  return {
    id: 'configuration::register',
    description:
      'Registers an entry with its schema, or replaces its name, description, schema and metadata; an initial value overwrites the value.',
    request: objectSchema({ ...DESCRIPTION, ...OPTIONAL_TEXTS, initial_value: ANY_VALUE }, ['id', 'schema']),
    response: objectSchema({ ...DESCRIPTION, value: ANY_VALUE }, [...DESCRIBED, 'value']),
    decode: (input, reader) => {
      const id = reader.string(input, 'id')
      return {
        id,
        name: optionalString(input, reader, 'name') ?? id,
        description: optionalString(input, reader, 'description') ?? '',
        schema: readSchema(input, reader),
        initialValue: (input['initial_value'] ?? undefined) as JsonValue | undefined,
        metadata: (input['metadata'] ?? undefined) as JsonValue | undefined,
      }
    },
    run: async (registration) => {
      const entry = await changes.register(registration)
      return { ...describeEntry(entry), value: entry.value }
    },
  }
}

function setFunction({ changes }: ConfigurationFunctionsContext): BuiltInFunction<{ id: string; value: JsonValue }> {
  return {
    id: 'configuration::set',
    description: "Replaces the value of an entry. A plugin's entry: the plugin runs with it when this is answered.",
    request: objectSchema({ id: ID, value: ANY_VALUE }, ['id', 'value']),
    response: objectSchema({ old_value: ANY_VALUE, new_value: ANY_VALUE }, ['old_value', 'new_value']),
    decode: (input, reader) => ({
      id: reader.string(input, 'id'),
      value: reader.any(input, 'value') as JsonValue,
    }),
    run: async ({ id, value }) => {
      const { oldValue, newValue } = await changes.set(id, value)
      return { old_value: oldValue, new_value: newValue }
    },
  }
}

function getFunction({ table, values }: ConfigurationFunctionsContext): BuiltInFunction<{ id: string; raw: boolean }> {
  return {
    id: 'configuration::get',
    description: 'Returns the value of an entry, with placeholders expanded unless `raw` is true.',
    request: objectSchema({ id: ID, raw: { type: ['boolean', 'null'], default: false } }, ['id']),
    response: objectSchema({ id: ID, value: ANY_VALUE }, ['id', 'value']),
    decode: (input, reader) => {
      const raw = input['raw'] ?? false
      if (typeof raw !== 'boolean') return reader.wrong(input, 'raw', 'a boolean')
      return { id: reader.string(input, 'id'), raw }
    },
    run: async ({ id, raw }) => {
      const entry = requireEntry(table, id)
      return { id, value: raw ? entry.value : await values.read(entry) }
    },
  }
}

function listFunction({ table }: ConfigurationFunctionsContext): BuiltInFunction<null> {
  return {
    id: 'configuration::list',
    description: 'Returns all entries without their values, sorted by id.',
    request: objectSchema({}, []),
    response: objectSchema({ configurations: { type: 'array', items: objectSchema(DESCRIPTION, DESCRIBED) } }, [
      'configurations',
    ]),
    optionalInput: true,
    decode: () => null,
    run: () => ({ configurations: table.sorted().map(describeEntry) }),
  }
}

function schemaFunction({ table }: ConfigurationFunctionsContext): BuiltInFunction<string> {
  return {
    id: 'configuration::schema',
    description: 'Returns name, description, schema and metadata of an entry.',
    request: objectSchema({ id: ID }, ['id']),
    response: objectSchema(DESCRIPTION, DESCRIBED),
    decode: (input, reader) => reader.string(input, 'id'),
    run: (id) => ({ ...describeEntry(requireEntry(table, id)), id }),
  }
}

function deleteFunction({ changes }: ConfigurationFunctionsContext): BuiltInFunction<string> {
  return {
    id: 'configuration::delete',
    description: "Deletes an entry. A plugin's entry: the plugin goes back to what the configuration file says.",
    request: objectSchema({ id: ID }, ['id']),
    response: objectSchema({ deleted: { type: 'boolean' } }, ['deleted']),
    decode: (input, reader) => reader.string(input, 'id'),
    run: async (id) => ({ deleted: await changes.delete(id) }),
  }
}

function requireEntry(table: EntryTable, id: string): Entry {
  const entry = table.find(id)
  if (entry !== undefined) return entry
  throw new CodedError('NOT_FOUND', `configuration '${id}' not found`)
}

function readSchema(input: InputObject, reader: InputReader): ConfigurationSchema {
  const schema = input['schema']
  if (typeof schema === 'boolean') return schema
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema as ConfigurationSchema
  return reader.wrong(input, 'schema', 'a JSON Schema')
}

function optionalString(input: InputObject, reader: InputReader, member: string): string | undefined {
  const value = input[member]
  if (value === undefined || value === null) return undefined
  return reader.string(input, member)
}
