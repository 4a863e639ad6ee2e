// Formats of functions as they stand in an OpenAPI document: each a component, its definitions too, with references bent to where those are.
import { isRecord } from '../../../../base/values/is-record.ts'
import type { JsonSchema } from '../../../../base/values/json-schema.ts'
import { isJsonSchema } from '../json-schema-2020.ts'
import { eachReference, modernSchema } from '../modern-schema.ts'

/** A longer format is left out of the document. */
export const MAX_FORMAT_CHARACTERS = 262_144

/** A format that is in the document. @returns the reference to a place in it, by JSON pointer from its root. */
export type PlaceOf = (pointer: string) => string

export class ComponentSchemas {
  readonly #schemas = new Map<string, unknown>()
  /** A function may have several routes. */
  readonly #known = new Map<string, { readonly format: JsonSchema; readonly placeOf: PlaceOf | undefined }>()

  get all(): Record<string, unknown> {
    return Object.fromEntries(this.#schemas)
  }

  /**
   * Takes in a format.
   * @param name what it is called: `users::get request`.
   * @returns undefined = it is no schema, or too large or too deep.
   */
  add(name: string, format: JsonSchema): PlaceOf | undefined {
    const known = this.#known.get(name)
    if (known?.format === format) return known.placeOf
    const placeOf = this.#add(name, format)
    this.#known.set(name, { format, placeOf })
    return placeOf
  }

  #add(name: string, format: JsonSchema): PlaceOf | undefined {
    if (JSON.stringify(format).length > MAX_FORMAT_CHARACTERS) return undefined
    let schema: JsonSchema
    try {
      schema = modernSchema(format)
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
    if (!isJsonSchema(schema)) return undefined
    return this.#place(name, schema)
  }

  /** Many programs that read documents lose definitions that are not components. */
  #place(name: string, schema: JsonSchema): PlaceOf {
    const { $defs, definitions, ...root } = schema
    const component = this.#reserve(name)
    const places = new Map<string, string>()
    const parts: [string, unknown][] = [[component, root]]
    for (const [kind, defs] of Object.entries({ $defs, definitions })) {
      if (!isRecord(defs)) continue
      for (const [def, definition] of Object.entries(defs)) {
        const place = this.#reserve(`${component}.${def}`)
        places.set(`/${kind}/${def.replaceAll('~', '~0').replaceAll('/', '~1')}`, place)
        parts.push([place, definition])
      }
    }
    const placeOf: PlaceOf = (pointer) => {
      const definition = /^\/(?:\$defs|definitions)\/[^/]*/.exec(pointer)?.[0]
      const place = definition === undefined ? undefined : places.get(decodeURIComponent(definition))
      return place === undefined
        ? `#/components/schemas/${component}${pointer}`
        : `#/components/schemas/${place}${pointer.slice(definition!.length)}`
    }
    for (const [place, part] of parts) {
      eachReference(part, (pointer, holder) => (holder['$ref'] = placeOf(pointer!)))
      this.#schemas.set(place, part)
    }
    return placeOf
  }

  #reserve(name: string): string {
    const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '.')
    let free = plain
    for (let count = 2; this.#schemas.has(free); count++) free = `${plain}.${count}`
    this.#schemas.set(free, {})
    return free
  }
}
