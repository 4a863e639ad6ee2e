// A JSON Schema of what is written in a file, where a variable of the environment may stand in the place of each value: for editors.
import { isRecord } from '../../base/values/is-record.ts'
import type { JsonSchema } from '../../base/values/json-schema.ts'

/** What holds a placeholder; to be found under `#/definitions/variable`. */
export const VARIABLE: JsonSchema = {
  type: 'string',
  pattern: '\\$\\{[^}:\\n]+(:[^}]*)?\\}',
  description: 'A variable of the environment: ${NAME}, or ${NAME:value} with a default.',
}
const VARIABLE_REF = { $ref: '#/definitions/variable' }

/** With these a text is not just any text. */
const NARROWING = ['enum', 'const', 'pattern', 'maxLength', 'format']
/** What editors show, also where they look no further than the outer schema. */
const SHOWN = ['title', 'description', 'default']

/**
 * The whole of it stays what it is; every value inside may be a variable.
 * @param schema as values are checked once variables are replaced.
 */
export function withVariables(schema: JsonSchema): JsonSchema {
  const { discriminator: _only, oneOf, ...rest } = schema
  const transformed = Object.fromEntries(
    Object.entries(rest).map(([keyword, value]) => [keyword, inKeyword(keyword, value)]),
  )
  if (!Array.isArray(oneOf)) return transformed
  // A name that is a variable fits several of them.
  const branches = oneOf.map((branch: unknown) => (isRecord(branch) ? withVariables(branch) : branch))
  return transformed['anyOf'] === undefined
    ? { ...transformed, anyOf: branches }
    : { ...transformed, allOf: [...((transformed['allOf'] as unknown[]) ?? []), { anyOf: branches }] }
}

function inKeyword(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
    case 'patternProperties':
      return mapped(value, valueOrVariable)
    case 'definitions':
      return mapped(value, (each) => (isRecord(each) ? withVariables(each) : each))
    case 'additionalProperties':
      return valueOrVariable(value)
    case 'items':
      return Array.isArray(value) ? value.map(valueOrVariable) : valueOrVariable(value)
    case 'anyOf':
    case 'allOf':
      return Array.isArray(value) ? value.map((each) => (isRecord(each) ? withVariables(each) : each)) : value
    case 'then':
    case 'else':
      return isRecord(value) ? withVariables(value) : value
    default:
      return value
  }
}

function valueOrVariable(schema: unknown): unknown {
  if (!isRecord(schema)) return schema
  const inner = withVariables(schema)
  if (takesAnyText(schema) || '$ref' in schema) return inner
  const shown = Object.fromEntries(SHOWN.flatMap((keyword) => (keyword in schema ? [[keyword, schema[keyword]]] : [])))
  return { ...shown, anyOf: [inner, VARIABLE_REF] }
}

function takesAnyText(schema: JsonSchema): boolean {
  const { type } = schema
  if (NARROWING.some((keyword) => keyword in schema)) return false
  if (type !== undefined) return [type].flat().includes('string')
  return !['anyOf', 'oneOf', 'allOf', '$ref', 'not', 'if'].some((keyword) => keyword in schema)
}

function mapped(value: unknown, each: (schema: unknown) => unknown): unknown {
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, each(schema)]))
}
