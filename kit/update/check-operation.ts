// The limits of spec 02 §4.4, checked per operation before it changes anything.
// Order: number of segments, then each segment from left to right, then the value of a merge. One problem at most.
import { isJsonObject, nestingDepth, typeName, type JsonValue } from '../../base/values/json-value.ts'
import { pathLabel, PROTOTYPE_NAMES, UPDATE_LIMITS, type UpdateOperation, type UpdateProblem } from './operation.ts'

export function checkOperation(operation: UpdateOperation): UpdateProblem | undefined {
  return checkPath(operation) ?? (operation.type === 'merge' ? checkMergeValue(operation.value, operation) : undefined)
}

function checkPath({ type, path }: UpdateOperation): UpdateProblem | undefined {
  if (path.length > UPDATE_LIMITS.path_segments) {
    const message = `The path has ${path.length} segments, the maximum is ${UPDATE_LIMITS.path_segments}.`
    return { code: `${type}.path.too_deep`, message }
  }
  for (const segment of path) {
    if (segment === '') {
      return { code: `${type}.path.empty_segment`, message: `Path ${pathLabel(path)} contains an empty segment.` }
    }
    // A UTF-16 unit takes at least one byte and at most three: most segments need no counting.
    const bytes = segment.length * 3 <= UPDATE_LIMITS.segment_bytes ? 0 : Buffer.byteLength(segment)
    if (bytes > UPDATE_LIMITS.segment_bytes) {
      const message = `Path ${shortened(pathLabel(path))}: a segment has ${bytes} bytes, the maximum is ${UPDATE_LIMITS.segment_bytes}.`
      return { code: `${type}.path.segment_too_long`, message }
    }
    if (PROTOTYPE_NAMES.has(segment)) {
      const message = `Path ${pathLabel(path)}: the segment "${segment}" is not allowed.`
      return { code: `${type}.path.proto_polluted`, message }
    }
  }
  return undefined
}

function checkMergeValue(value: JsonValue, { path }: UpdateOperation): UpdateProblem | undefined {
  const label = pathLabel(path)
  if (!isJsonObject(value)) {
    const message = `Merge at ${label}: the value must be an object, it is of type ${typeName(value)}.`
    return { code: 'merge.value.not_an_object', message }
  }
  const names = Object.keys(value)
  if (names.length > UPDATE_LIMITS.merge_members) {
    const message = `Merge at ${label}: the value has ${names.length} members, the maximum is ${UPDATE_LIMITS.merge_members}.`
    return { code: 'merge.value.too_many_keys', message }
  }
  const forbidden = names.find((name) => PROTOTYPE_NAMES.has(name))
  if (forbidden !== undefined) {
    const message = `Merge at ${label}: the member "${forbidden}" is not allowed in the value.`
    return { code: 'merge.value.proto_polluted', message }
  }
  const depth = nestingDepth(value)
  if (depth > UPDATE_LIMITS.merge_depth) {
    const message = `Merge at ${label}: the value is nested ${depth} levels deep, the maximum is ${UPDATE_LIMITS.merge_depth}.`
    return { code: 'merge.value.too_deep', message }
  }
  return undefined
}

function shortened(label: string): string {
  return label.length > 80 ? `${label.slice(0, 80)}…` : label
}
