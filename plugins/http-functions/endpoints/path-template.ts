// The path of a configured endpoint, with places for members of the payload: `/orders/:id` or `/orders/{id}`. Pure.
import { CodedError } from '../../../protocol/errors.ts'
import { doubleOf, isExactNumber } from '../../../base/values/exact-json.ts'
import { shownValue } from '../../../base/values/shown-value.ts'

const PLACE = /:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\}/g

export type Members = Readonly<Record<string, unknown>>

export class PathTemplate {
  /** Members of the payload that it needs. */
  readonly parameters: readonly string[]
  /** As it is written. */
  readonly path: string

  constructor(path: string) {
    this.path = path
    this.parameters = [...path.matchAll(PLACE)].map(([, colon, brace]) => (colon ?? brace)!)
  }

  /** Percent-encoded. @throws CodedError `deserialization_error` naming the member */
  fill(members: Members): string {
    return this.path.replace(PLACE, (_place, colon?: string, brace?: string) => {
      const name = (colon ?? brace)!
      const value = scalarText(Object.hasOwn(members, name) ? members[name] : undefined)
      // `..` would lead to another path, and so would nothing at all.
      if (value === undefined || value === '' || value === '.' || value === '..')
        throw new CodedError(
          'deserialization_error',
          `the path ${this.path} needs the member '${name}' as a text, a number or a truth value, not ${shownValue(members[name])}`,
        )
      return encodeURIComponent(value.toWellFormed())
    })
  }
}

/** Undefined for what is no text, number or truth value. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (isExactNumber(value)) return value.rawJSON
  return typeof value === 'boolean' || doubleOf(value) !== undefined ? String(value) : undefined
}
