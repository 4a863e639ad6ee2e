// The update language as it stands in a payload (spec 02 §4.1): the counterpart of `update/decode-operations.ts`.
import type { UpdateOperation } from '../update/update-operations.ts'

/** JSON of the member `ops`. Throws when a value cannot be written as JSON. */
export function operationsText(operations: readonly UpdateOperation[]): string {
  return JSON.stringify(operations.map(wireOperation))
}

function wireOperation(operation: UpdateOperation): object {
  const { type, path } = operation
  // Only these two descend; the others name one member, or the root by an empty text.
  return type === 'merge' || type === 'append' ? operation : { ...operation, path: path[0] ?? '' }
}
