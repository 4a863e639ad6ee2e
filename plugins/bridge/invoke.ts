// `bridge.invoke` and `bridge.invoke_async`: calls of functions of the other engine that no setting names (spec 06 C.2).
import { readCarriedInput } from '../../kit/functions/carried-input.ts'
import { objectSchema, ANY_VALUE } from '../../kit/functions/function-schemas.ts'
import { describeValue, InputReader } from '../../kit/functions/input-reader.ts'
import { CodedError } from '../../protocol/errors.ts'
import type { FunctionRegistrar } from '../../sdk/built-in.ts'
import type { JsonSchema } from '../../sdk/plugin.ts'
import type { RawJson } from '../../sdk/raw-json.ts'
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from './config.ts'

export const INVOKE = 'bridge.invoke'
export const INVOKE_ASYNC = 'bridge.invoke_async'

/** What the functions do; payloads are JSON. */
export interface Passing {
  pass(functionId: string, payload: string, timeoutMs: number): Promise<RawJson | undefined>
  send(functionId: string, payload: string): void
}

interface Invocation {
  readonly functionId: string
  readonly payload: string
  readonly timeoutMs: number
}

const timeOut = (description: string): JsonSchema => ({ type: ['integer', 'null'], minimum: 0, description })
const requestWith = (timeout_ms: JsonSchema): JsonSchema =>
  objectSchema(
    {
      function_id: { type: 'string', description: 'Id on the other engine.' },
      data: { ...ANY_VALUE, description: 'What the function gets. Default: null.' },
      timeout_ms,
    },
    ['function_id'],
  )
const REQUEST = requestWith(
  timeOut(`Milliseconds until the call fails, with the wait for the connection. Default: ${DEFAULT_TIMEOUT_MS}.`),
)
const ASYNC_REQUEST = requestWith(timeOut('Checked, and without effect.'))

export function registerInvoke(iii: FunctionRegistrar, passing: Passing): void {
  const raw = { raw: true, live_channel_refs: false }
  const invoke = async (json: string): Promise<unknown> => {
    const { functionId, payload, timeoutMs } = readInvocation(INVOKE, json)
    // No value does not survive a bridge.
    return (await passing.pass(functionId, payload, timeoutMs)) ?? null
  }
  const invokeAsync = (json: string): null => {
    const { functionId, payload } = readInvocation(INVOKE_ASYNC, json)
    passing.send(functionId, payload)
    return null
  }
  iii.registerFunction(INVOKE, invoke, {
    description: 'Calls a function of the other engine (synchronous): answers with what it has returned.',
    request_format: REQUEST,
    response_format: { ...ANY_VALUE, description: 'The value that the function has returned.' },
    ...raw,
  })
  iii.registerFunction(INVOKE_ASYNC, invokeAsync, {
    description:
      'Calls a function of the other engine (asynchronous, fire-and-forget): answers as soon as the call waits to be sent.',
    request_format: ASYNC_REQUEST,
    response_format: { type: 'null', description: 'Nothing is heard of the call any more.' },
    ...raw,
  })
}

class InvocationReader extends InputReader {
  override fail(problem: string): never {
    throw new CodedError('deserialization_error', `Failed to parse invoke input: ${problem}.`)
  }
}

function readInvocation(id: string, json: string): Invocation {
  const reader = new InvocationReader(id)
  const input = reader.object(readCarriedInput(json, ['data'], id, true))
  const functionId = reader.string(input, 'function_id')
  if (functionId === '')
    reader.fail('member `function_id` must be the id of a function of the other engine, got an empty string')
  const timeoutMs = input['timeout_ms'] ?? DEFAULT_TIMEOUT_MS
  if (typeof timeoutMs !== 'number' || !Number.isInteger(timeoutMs) || timeoutMs < 0)
    reader.fail(
      `member \`timeout_ms\` must be a whole number of milliseconds from 0 on, got ${describeValue(timeoutMs)}`,
    )
  const data = input['data'] as RawJson | undefined
  return { functionId, payload: data?.json ?? 'null', timeoutMs: Math.min(timeoutMs as number, MAX_TIMEOUT_MS) }
}
