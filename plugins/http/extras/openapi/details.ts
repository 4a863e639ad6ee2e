// What the metadata of a binding, or of its function, says for the document. The binding's comes first; what has the wrong shape says nothing.
import { isRecord } from '../../../../base/values/is-record.ts'
import type { DescribedRoute } from './document.ts'
import type { DescribedFunction } from './operation.ts'

export interface OperationDetails {
  /** `openapi: false`, or a function that is marked as internal. */
  readonly isHidden: boolean
  readonly summary: string | undefined
  readonly description: string | undefined
  readonly tags: readonly string[]
  readonly isDeprecated: boolean
  readonly operationId: string | undefined
  /** Content types of the request, and of the answer. */
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
}

export function readDetails(
  { metadata, functionId }: DescribedRoute,
  found: DescribedFunction | undefined,
): OperationDetails {
  const sources = [metadata, found?.metadata].filter(isRecord)
  const first = <Value>(name: string, read: (value: unknown) => Value | undefined): Value | undefined => {
    for (const source of sources) {
      const value = Object.hasOwn(source, name) ? read(source[name]) : undefined
      if (value !== undefined) return value
    }
    return undefined
  }
  return {
    isHidden: first('openapi', boolean) === false || first('internal', boolean) === true,
    summary: first('summary', text),
    description: first('description', text) ?? found?.description,
    tags: first('tags', texts) ?? groupOf(functionId),
    isDeprecated: first('deprecated', boolean) ?? false,
    operationId: first('operation_id', text),
    consumes: first('consumes', contentTypes) ?? ['application/json'],
    produces: first('produces', contentTypes) ?? ['application/json'],
  }
}

/** `users::get` is of the group `users`. */
function groupOf(functionId: string): string[] {
  const end = functionId.indexOf('::')
  return end > 0 ? [functionId.slice(0, end)] : []
}

function boolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
}

const CONTENT_TYPE = /^[\w.+*-]+\/[\w.+*-]+(?:;.*)?$/

function contentTypes(value: unknown): string[] | undefined {
  const types = typeof value === 'string' ? [value] : texts(value)
  return types !== undefined && types.length > 0 && types.every((type) => CONTENT_TYPE.test(type)) ? types : undefined
}
