// `directory::registry::workers::*` (spec 05 A.3): which workers a registry has, and what one of them offers.
import {
  registerBuiltIn,
  type BuiltInFunction,
  type FunctionRegistrar,
} from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import type { VersionQuestion } from '../../../kit/registry/worker-registry.ts'
import type { JsonSchema } from '../../../sdk/plugin.ts'
import type { Place } from '../place.ts'

export function registerRegistryFunctions(iii: FunctionRegistrar, place: Pick<Place, 'registry'>): void {
  registerBuiltIn(iii, listFunction(place))
  registerBuiltIn(iii, infoFunction(place))
}

const TEXT: JsonSchema = { type: 'string' }
const TEXT_OR_NULL: JsonSchema = { type: ['string', 'null'] }
const OBJECT: JsonSchema = { type: 'object' }

const ROW = objectSchema(
  {
    name: TEXT,
    description: TEXT_OR_NULL,
    type: { type: ['string', 'null'], description: '`bundle`, `binary`, `engine`, `image` or `local`.' },
    version: TEXT_OR_NULL,
    repo: TEXT_OR_NULL,
    config: { type: 'object', description: 'Its settings with their defaults.' },
    supported_targets: { type: 'array', items: TEXT },
    image: TEXT,
    total_downloads: { type: 'integer' },
    dependencies: { type: 'array', items: objectSchema({ name: TEXT, version: TEXT }, ['name', 'version']) },
    author: {
      type: ['object', 'null'],
      properties: { name: TEXT, pfp: TEXT_OR_NULL, verified: { type: 'boolean' } },
    },
    deprecated: { description: 'Set where it should not be used any more.' },
    replacement: { description: 'The worker that took its place.' },
  },
  [
    'name',
    'description',
    'type',
    'version',
    'repo',
    'config',
    'supported_targets',
    'total_downloads',
    'dependencies',
    'author',
  ],
)

interface ListInput {
  readonly search: string | undefined
  readonly cursor: string | undefined
}

function listFunction({ registry }: Pick<Place, 'registry'>): BuiltInFunction<ListInput> {
  return {
    id: 'directory::registry::workers::list',
    description: 'Lists the workers that can be added, those that fit a search first; 20 at a time.',
    request: objectSchema(
      {
        search: { type: 'string', description: 'Words, such as `resize images`. Default: all workers.' },
        cursor: { type: 'string', description: '`next_cursor` of the page before.' },
      },
      [],
    ),
    response: objectSchema(
      {
        workers: { type: 'array', items: ROW },
        pagination: objectSchema(
          { next_cursor: TEXT_OR_NULL, has_more: { type: 'boolean' }, page_size: { type: 'integer' } },
          ['next_cursor', 'has_more', 'page_size'],
        ),
      },
      ['workers', 'pagination'],
    ),
    optionalInput: true,
    decode: (input, reader) => ({
      search: optionalText(input, reader, 'search'),
      cursor: optionalText(input, reader, 'cursor'),
    }),
    run: async (input) => (await registry()).list(input),
  }
}

function infoFunction({ registry }: Pick<Place, 'registry'>): BuiltInFunction<VersionQuestion> {
  return {
    id: 'directory::registry::workers::info',
    description: 'Describes a worker that can be added: its functions, trigger types, settings, skills and README.',
    request: objectSchema(
      {
        name: TEXT,
        version: { type: 'string', description: 'An exact version. Default: see `tag`.' },
        tag: { type: 'string', description: 'Default `latest`.' },
      },
      ['name'],
    ),
    response: objectSchema(
      {
        worker: ROW,
        readme: TEXT,
        api_reference: objectSchema(
          {
            functions: {
              type: 'array',
              items: objectSchema(
                {
                  name: TEXT,
                  description: TEXT,
                  request_schema: OBJECT,
                  response_schema: OBJECT,
                  metadata: OBJECT,
                },
                ['name', 'description', 'request_schema', 'response_schema', 'metadata'],
              ),
            },
            triggers: {
              type: 'array',
              items: objectSchema(
                {
                  name: TEXT,
                  description: TEXT,
                  invocation_schema: { type: 'object', description: 'What a binding is configured with.' },
                  return_schema: { type: 'object', description: 'What a bound function gets.' },
                  metadata: OBJECT,
                },
                ['name', 'description', 'invocation_schema', 'return_schema', 'metadata'],
              ),
            },
          },
          ['functions', 'triggers'],
        ),
        skills_tree: objectSchema(
          {
            skills: { type: 'array', items: objectSchema({ path: TEXT }, ['path']) },
            prompts: {
              type: 'array',
              items: objectSchema({ name: TEXT, description: TEXT }, ['name', 'description']),
            },
          },
          ['skills', 'prompts'],
        ),
      },
      ['worker', 'api_reference', 'skills_tree'],
    ),
    decode: (input, reader) => ({
      name: reader.string(input, 'name'),
      version: optionalText(input, reader, 'version'),
      tag: optionalText(input, reader, 'tag'),
    }),
    run: async (question) => (await registry()).info(question),
  }
}

/** Null counts as left out. */
function optionalText(input: InputObject, reader: InputReader, member: string): string | undefined {
  const value = input[member] ?? undefined
  return value === undefined || typeof value === 'string' ? value : reader.wrong(input, member, 'a string')
}
