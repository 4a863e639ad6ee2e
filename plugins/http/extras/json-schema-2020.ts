// The validator of JSON Schema 2020-12, loaded when it is needed first: that takes some 30 ms.
import { createRequire } from 'node:module'
import type * as Ajv2020Module from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv'
import type { JsonSchema } from '../../../base/values/json-schema.ts'

let checker: InstanceType<typeof Ajv2020Module.Ajv2020> | undefined

/** Whether it follows the rules of JSON Schema itself. */
export function isJsonSchema(schema: JsonSchema): boolean {
  checker ??= createAjv(false)
  return checker.validateSchema(schema) === true
}

/** @throws Error for what can't be compiled. Formats such as `email` are not checked. */
export function compileSchema(schema: JsonSchema, allErrors: boolean): ValidateFunction {
  // An instance each: one keeps all that it ever compiled.
  return createAjv(allErrors).compile(schema)
}

function createAjv(allErrors: boolean): InstanceType<typeof Ajv2020Module.Ajv2020> {
  const { Ajv2020 } = createRequire(import.meta.url)('ajv/dist/2020.js') as typeof Ajv2020Module
  return new Ajv2020({ strict: false, logger: false, validateFormats: false, allErrors })
}
