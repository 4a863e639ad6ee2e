// The value that an update is building. Containers are copied when they are first changed, so the values that went in
// (the stored one, those inside the operations) stay as they were and may even share parts.
import { isJsonObject, type JsonObject, type JsonValue } from '../../base/values/json-value.ts'
import type { UpdatePath } from './operation.ts'

export class Draft {
  root: JsonValue
  /** Copies made by this draft: only these are changed in place. */
  readonly #own = new Set<object>()

  constructor(root: JsonValue) {
    this.root = root
  }

  /** The value at `path`; undefined when a member on the way, or the last one, does not exist. Paths go through objects only. */
  at(path: UpdatePath): JsonValue | undefined {
    let value: JsonValue = this.root
    for (const segment of path) {
      if (!isJsonObject(value) || !Object.hasOwn(value, segment)) return undefined
      value = value[segment]!
    }
    return value
  }

  /** Puts `value` at `path`. What stands in the way and is no object, arrays included, is replaced by `{}`. */
  put(path: UpdatePath, value: JsonValue): void {
    const last = path.at(-1)
    if (last === undefined) {
      this.root = value
      return
    }
    define(this.objectAt(path.slice(0, -1)), last, value)
  }

  /** The object at `path`, made by `{}` where there is none, and free to be changed. */
  objectAt(path: UpdatePath): JsonObject {
    let parent = this.#ownObject(this.root)
    this.root = parent
    for (const segment of path) {
      const child = Object.hasOwn(parent, segment) ? parent[segment]! : null
      const next = this.#ownObject(child)
      if (next !== child) define(parent, segment, next)
      parent = next
    }
    return parent
  }

  /** Adds one element to the array at `path`, which must be there. */
  push(path: UpdatePath, element: JsonValue): void {
    const array = this.at(path) as JsonValue[]
    if (this.#own.has(array)) {
      array.push(element)
      return
    }
    const copy = [...array, element]
    this.#own.add(copy)
    this.put(path, copy)
  }

  #ownObject(value: JsonValue): JsonObject {
    if (isJsonObject(value) && this.#own.has(value)) return value
    // Spreading defines members instead of assigning them, so a stored `__proto__` stays an ordinary member.
    const copy = isJsonObject(value) ? { ...value } : {}
    this.#own.add(copy)
    return copy
  }
}

/** Creates or overwrites an own member, whatever its name is. */
export function define(object: JsonObject, member: string, value: JsonValue): void {
  Object.defineProperty(object, member, { value, writable: true, enumerable: true, configurable: true })
}
