// JSON Schemas that the functions of `iii-state` publish. They are shown in listings; decoding does not use them.
import type { JsonSchema } from '../../sdk/plugin.ts'

export {
  ANY_VALUE,
  objectSchema,
  OLD_AND_NEW,
  UPDATE_ERRORS,
  UPDATE_OPERATIONS,
} from '../../kit/functions/function-schemas.ts'

export const SCOPE: JsonSchema = { type: 'string', description: 'First part of the address.' }
export const ADDRESS = { scope: SCOPE, key: { type: 'string', description: 'Second part of the address.' } }
