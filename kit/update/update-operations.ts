// The language in which stored values are updated (spec 02 §4.2–4.3): applies operations in order to a value.
// Pure: nothing that goes in is changed. Decoding from the wire is in `decode-operations.ts`.
import { doubleOf, parseUnrounded } from '../../base/values/exact-json.ts'
import { isJsonObject, typeName, type JsonValue } from '../../base/values/json-value.ts'
import { checkOperation } from './check-operation.ts'
import { define, Draft } from './draft.ts'
import {
  pathLabel,
  type UpdateError,
  type UpdateErrorCode,
  type UpdateOperation,
  type UpdateProblem,
} from './operation.ts'

export type { UpdateError, UpdateOperation } from './operation.ts'

/** The value after an update, with the errors of single operations. */
export interface UpdateResult {
  readonly value: JsonValue
  /** One entry per operation that failed, in order; failed operations changed nothing. */
  readonly errors: readonly UpdateError[]
}

/** Applies `operations` to `current`; undefined = the item does not exist, then the evaluation starts from `{}`. */
export function applyUpdate(current: JsonValue | undefined, operations: readonly UpdateOperation[]): UpdateResult {
  const state: Evaluation = { draft: new Draft(current === undefined ? {} : current), missing: current === undefined }
  const errors: UpdateError[] = []
  for (const [index, operation] of operations.entries()) {
    const problem = checkOperation(operation) ?? applyOperation(state, operation)
    if (problem !== undefined) errors.push({ op_index: index, ...problem })
  }
  return { value: state.draft.root, errors }
}

/** As `applyUpdate`, from and to JSON text; what no operation changes keeps its numbers to the last digit, sums are doubles. Throws when the result cannot be written as JSON: some Nodes have a limit of nesting. */
export function updateText(
  current: string | undefined,
  operations: readonly UpdateOperation[],
): { readonly text: string; readonly errors: readonly UpdateError[] } {
  const start = current === undefined ? undefined : (parseUnrounded(current) as JsonValue)
  const { value, errors } = applyUpdate(start, operations)
  return { text: JSON.stringify(value), errors }
}

interface Evaluation {
  readonly draft: Draft
  /** The item did not exist and no operation has changed it yet: root increment, decrement and append then start from nothing. */
  missing: boolean
}

function applyOperation(state: Evaluation, operation: UpdateOperation): UpdateProblem | undefined {
  switch (operation.type) {
    case 'set':
      return applySet(state, operation)
    case 'merge':
      return applyMerge(state, operation)
    case 'increment':
      return applyAddition(state, operation, operation.by)
    case 'decrement':
      // 0 - by, not -by: the latter makes a negative zero.
      return applyAddition(state, operation, 0 - operation.by)
    case 'append':
      return applyAppend(state, operation)
    case 'remove':
      return applyRemove(state, operation)
  }
}

type Of<Type extends UpdateOperation['type']> = Extract<UpdateOperation, { type: Type }>

function applySet(state: Evaluation, { path, value }: Of<'set'>): UpdateProblem | undefined {
  if (path.length > 0 && !isJsonObject(state.draft.root)) return targetNotObject('set.target_not_object', path, state)
  change(state, () => state.draft.put(path, value))
  return undefined
}

function applyMerge(state: Evaluation, { path, value }: Of<'merge'>): UpdateProblem | undefined {
  const { draft } = state
  const members = Object.entries(value as { [member: string]: JsonValue })
  // A merge into a root that is no object does nothing and is no error.
  if (path.length === 0 && !isJsonObject(draft.root)) return undefined
  if (members.length === 0 && isJsonObject(draft.at(path))) return undefined
  change(state, () => {
    const target = draft.objectAt(path)
    for (const [member, child] of members) define(target, member, child)
  })
  return undefined
}

function applyAddition(
  state: Evaluation,
  { type, path }: Of<'increment' | 'decrement'>,
  by: number,
): UpdateProblem | undefined {
  const { draft } = state
  if (path.length > 0 && !isJsonObject(draft.root)) return targetNotObject(`${type}.target_not_object`, path, state)
  const existing = path.length === 0 && state.missing ? undefined : draft.at(path)
  const augend = existing === undefined ? 0 : doubleOf(existing)
  if (augend === undefined) {
    return {
      code: `${type}.not_number`,
      message: `${pathLabel(path)} must be a number, it is of type ${typeName(existing!)}.`,
    }
  }
  const sum = augend + by
  if (!Number.isFinite(sum)) {
    return {
      code: `${type}.not_number`,
      message: `${pathLabel(path)}: number ${augend} ${by < 0 ? '-' : '+'} ${Math.abs(by)} is out of range.`,
    }
  }
  change(state, () => draft.put(path, sum))
  return undefined
}

function applyAppend(state: Evaluation, { path, value }: Of<'append'>): UpdateProblem | undefined {
  const { draft } = state
  if (path.length > 0 && !isJsonObject(draft.root)) return targetNotObject('append.target_not_object', path, state)
  const leaf = path.length === 0 && state.missing ? null : draft.at(path)
  if (Array.isArray(leaf)) {
    change(state, () => draft.push(path, value))
  } else if (leaf === undefined && path.length > 1) {
    change(state, () => draft.put(path, [value]))
  } else if (leaf === undefined || leaf === null) {
    change(state, () => draft.put(path, typeof value === 'string' ? value : [value]))
  } else if (typeof leaf === 'string' && typeof value === 'string') {
    change(state, () => draft.put(path, leaf + value))
  } else {
    const message = `${path.at(-1) ?? 'root'} is of type ${typeName(leaf)}: a value of type ${typeName(value)} cannot be appended.`
    return { code: 'append.type_mismatch', message }
  }
  return undefined
}

function applyRemove(state: Evaluation, { path }: Of<'remove'>): UpdateProblem | undefined {
  const { draft } = state
  const [member] = path
  if (member === undefined) {
    change(state, () => draft.put([], null))
    return undefined
  }
  if (!isJsonObject(draft.root)) return targetNotObject('remove.target_not_object', path, state)
  if (Object.hasOwn(draft.root, member)) change(state, () => delete draft.objectAt([])[member])
  return undefined
}

function change(state: Evaluation, effect: () => void): void {
  effect()
  state.missing = false
}

function targetNotObject(code: UpdateErrorCode, path: readonly string[], { draft }: Evaluation): UpdateProblem {
  return { code, message: `${pathLabel(path)}: the value must be an object, it is of type ${typeName(draft.root)}.` }
}
