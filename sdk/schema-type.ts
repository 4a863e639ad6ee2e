// The TypeScript type of what fits a JSON Schema that is written where it is used, such as the `config` of a plugin's definition.
// Knows the keywords that settings are made of; whatever else a schema says is checked at run time and is `unknown` here.

/** The value after a check that has filled in defaults: a member with a default is always there. Deeply readonly. */
export type FromSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer Branch)[] }
      ? FromSchema<Branch>
      : Schema extends { readonly oneOf: readonly (infer Branch)[] }
        ? FromSchema<Branch>
        : Schema extends { readonly type: infer Type }
          ? FromType<Type extends readonly (infer Each)[] ? Each : Type, Schema>
          : Schema extends { readonly properties: object }
            ? FromObject<Schema>
            : unknown

type FromType<Type, Schema> = Type extends 'string'
  ? string
  : Type extends 'number' | 'integer'
    ? number
    : Type extends 'boolean'
      ? boolean
      : Type extends 'null'
        ? null
        : Type extends 'array'
          ? FromArray<Schema>
          : Type extends 'object'
            ? FromObject<Schema>
            : unknown

type FromArray<Schema> = Schema extends { readonly items: infer Items }
  ? Items extends readonly unknown[]
    ? { readonly [Index in keyof Items]: FromSchema<Items[Index]> }
    : readonly FromSchema<Items>[]
  : readonly unknown[]

type FromObject<Schema> = Schema extends { readonly properties: infer Members }
  ? Flat<
      { readonly [Name in Present<Members, Schema>]: FromSchema<Members[Name]> } & {
        readonly [Name in Exclude<keyof Members, Present<Members, Schema>>]?: FromSchema<Members[Name]>
      } & (Schema extends { readonly additionalProperties: true | object } ? { readonly [name: string]: unknown } : {})
    >
  : Schema extends { readonly additionalProperties: infer Others }
    ? Others extends false
      ? Readonly<Record<string, never>>
      : Readonly<Record<string, Others extends true ? unknown : FromSchema<Others>>>
    : Readonly<Record<string, unknown>>

type Present<Members, Schema> =
  | { [Name in keyof Members]: Members[Name] extends { readonly default: unknown } ? Name : never }[keyof Members]
  | (Schema extends { readonly required: readonly (infer Name)[] } ? Extract<Name, keyof Members> : never)

/** Shown in an editor as the object that it is. */
type Flat<Members> = { [Name in keyof Members]: Members[Name] } & {}
