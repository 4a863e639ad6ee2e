// `engine::log::<level>`: lines of workers in the engine's log (spec 04 C.5). `logger::<level>` are the ids of SDKs before 0.9.
import { objectSchema, reading, STRING, type EngineFunction } from '../model/engine-function.ts'
import type { EngineFunctionDeps } from './deps.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const

export function logFunctions(deps: EngineFunctionDeps): EngineFunction[] {
  return LEVELS.flatMap((level) => [
    logFunction(deps, `engine::log::${level}`, level),
    { ...logFunction(deps, `logger::${level}`, level), internal: true },
  ])
}

function logFunction({ workerLog }: EngineFunctionDeps, id: string, level: (typeof LEVELS)[number]): EngineFunction {
  return {
    id,
    description: `Writes a line of level ${level} into the engine's log`,
    requestFormat: objectSchema(
      { message: STRING, trace_id: STRING, span_id: STRING, data: {}, service_name: STRING },
      ['message'],
    ),
    responseFormat: { type: 'null' },
    handler: reading(id, (input, { caller }) => {
      workerLog.write(
        {
          level,
          body: input.requiredString('message'),
          service: input.string('service_name'),
          traceId: input.string('trace_id'),
          spanId: input.string('span_id'),
          data: input.value('data'),
          attributes: undefined,
        },
        { id: caller.id, name: caller.name ?? caller.id },
      )
    }),
  }
}
