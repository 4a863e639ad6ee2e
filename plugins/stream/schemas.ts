// JSON Schemas that the functions `stream::*` publish. They are shown in listings; decoding does not use them.
import type { JsonSchema } from '../../sdk/plugin.ts'

export {
  ANY_VALUE,
  objectSchema,
  OLD_AND_NEW,
  UPDATE_ERRORS,
  UPDATE_OPERATIONS,
} from '../../kit/functions/function-schemas.ts'

export const STREAM: JsonSchema = { type: 'string', description: 'Name of the stream.' }
export const GROUP = { stream_name: STREAM, group_id: { type: 'string', description: 'Group in the stream.' } }
export const ITEM = { ...GROUP, item_id: { type: 'string', description: 'Item in the group.' } }
export const TEXTS: JsonSchema = { type: 'array', items: { type: 'string' } }
