// `engine::baggage::*`: kept for SDKs that call them; baggage travels with each call and is not stored (spec 04 C.5).
import {
  OBJECT,
  answerSchema,
  objectSchema,
  reading,
  STRING,
  BOOLEAN,
  type EngineFunction,
} from '../model/engine-function.ts'

const NOTE = 'baggage belongs to a single call: send it along with the call instead'

export function baggageFunctions(): EngineFunction[] {
  return [
    {
      id: 'engine::baggage::get',
      description: 'Reads an entry of the baggage; always null, for none is stored',
      requestFormat: objectSchema({ key: STRING }, ['key']),
      responseFormat: answerSchema({ value: { type: ['string', 'null'] } }),
      handler: reading('engine::baggage::get', (input) => {
        input.requiredString('key')
        return { value: null }
      }),
    },
    {
      id: 'engine::baggage::set',
      description: 'Accepts an entry of the baggage, without lasting effect',
      requestFormat: objectSchema({ key: STRING, value: STRING }, ['key', 'value']),
      responseFormat: answerSchema({ success: BOOLEAN, note: STRING }),
      handler: reading('engine::baggage::set', (input) => {
        input.requiredString('key')
        input.requiredString('value')
        return { success: true, note: NOTE }
      }),
    },
    {
      id: 'engine::baggage::get_all',
      description: 'Reads the baggage; always empty, for none is stored',
      requestFormat: objectSchema({}),
      responseFormat: answerSchema({ baggage: OBJECT }),
      handler: reading('engine::baggage::get_all', () => ({ baggage: {} })),
    },
  ]
}
