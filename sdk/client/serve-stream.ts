// How a worker serves a stream of its own: by functions whose ids name it (spec 08 §8).
import type { FunctionRef, Handler } from '../handle-types.ts'
import type { IStream } from '../stream.ts'

/** The functions by which the engine finds a stream that a worker serves, with the method of each. */
const STREAM_METHODS = {
  get: 'get',
  set: 'set',
  delete: 'delete',
  list: 'list',
  list_groups: 'listGroups',
} as const satisfies Readonly<Record<string, keyof IStream>>

export function serveStream(
  register: (id: string, handler: Handler) => FunctionRef,
  name: string,
  stream: IStream,
): void {
  if (typeof name !== 'string' || name.trim() === '') throw new Error('the name of a stream is required')
  for (const [operation, method] of Object.entries(STREAM_METHODS)) {
    if (stream[method] !== undefined) register(`stream::${operation}(${name})`, (input) => stream[method]!(input))
  }
}
