// Names for bindings by which several engines know them as the same: made of what is bound, since SDKs make up the ids. What counts is
// what makes bindings equal within one engine (spec 01 §8.11). Those that are equal here are numbered: the first of one engine is the
// first of the others, so that two equal bindings of one connection stay two wherever they are.
import { hash } from 'node:crypto'
import { canonicalJson } from '../../base/values/canonical-json.ts'
import type { TriggerBinding } from '../../sdk/handle-types.ts'

interface Place {
  readonly content: string
  /** Place among those with the same content. */
  number: number
  readonly id: string
}

export class EqualBindings {
  readonly #places = new Map<string, Place>()
  readonly #equals = new Map<string, Place[]>()

  /** The same id again replaces the earlier binding. */
  add(binding: TriggerBinding<unknown>): void {
    const content = contentOf(binding)
    if (this.#places.get(binding.id)?.content === content) return
    this.remove(binding.id)
    const equals = this.#equals.get(content) ?? []
    this.#equals.set(content, equals)
    const place: Place = { content, number: equals.length, id: binding.id }
    equals.push(place)
    this.#places.set(binding.id, place)
  }

  /** The last of the equal ones takes the number that becomes free: numbers have no gaps on any engine. */
  remove(id: string): void {
    const place = this.#places.get(id)
    if (place === undefined) return
    this.#places.delete(id)
    const equals = this.#equals.get(place.content)!
    const last = equals.pop()!
    if (equals.length === 0) this.#equals.delete(place.content)
    if (last === place) return
    last.number = place.number
    equals[place.number] = last
  }

  /** 24 characters or some more, none of them a colon. Throws for an id that was not added. */
  nameOf(id: string): string {
    const place = this.#places.get(id)
    if (place === undefined) throw new Error(`No binding with the id "${id}" was added.`)
    return `${place.content}.${place.number}`
  }
}

/** 132 bits of a digest. */
function contentOf({ namespace, function_id, config, metadata }: TriggerBinding<unknown>): string {
  const content = canonicalJson([namespace ?? 'default', function_id, config ?? null, metadata ?? null])
  return hash('sha256', content, 'base64url').slice(0, 22)
}
