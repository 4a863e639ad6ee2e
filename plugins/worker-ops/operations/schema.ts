// `worker::schema` (spec 05 B): what the functions `worker::*` take and give, and what a manifest may say, with a worker that runs.
import { WORKER_FUNCTIONS } from '../functions/declarations.ts'
import { MANIFEST_FILE } from '../manifest/manifest.ts'
import { HELLO_WORLD, MANIFEST_SCHEMA } from '../manifest/manifest-schema.ts'
import { OperationInput } from './input.ts'

export interface SchemaOutcome {
  readonly schemas: readonly {
    readonly function_id: string
    readonly description: string
    readonly request: unknown
    readonly response: unknown
    readonly default_timeout_ms: number | null
    readonly idempotent: boolean | null
  }[]
}

export async function schema(data: unknown): Promise<SchemaOutcome> {
  const wanted = new OperationInput('worker::schema', data).optionalText('function_id')
  const functions = WORKER_FUNCTIONS.map(({ id, description, request, response, defaultTimeoutMs, idempotent }) => ({
    function_id: id,
    description,
    request,
    response,
    default_timeout_ms: defaultTimeoutMs,
    idempotent,
  }))
  const manifest = {
    function_id: MANIFEST_FILE,
    description: 'The manifest of a worker; `response` has the files of one that runs, by path',
    request: MANIFEST_SCHEMA,
    response: HELLO_WORLD,
    default_timeout_ms: null,
    idempotent: null,
  }
  return { schemas: [...functions, manifest].filter(({ function_id: id }) => wanted === undefined || id === wanted) }
}
