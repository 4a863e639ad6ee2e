// Functions of the profiles of agents (spec 05 A.5): what they are called, take and answer.
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import { BYTES, CONTENT, MODIFIED_AT, optionalFlag, RAW, TEXT, TEXT_OR_NULL, withRaw } from '../files/function-parts.ts'
import type { ProfileLibrary } from './profile-library.ts'

const HEAD = { id: TEXT, name: TEXT, description: TEXT_OR_NULL, logo: TEXT_OR_NULL }
const LOOKS = { model: TEXT_OR_NULL, reasoning_effort: TEXT_OR_NULL, icon: TEXT_OR_NULL, color: TEXT_OR_NULL }
const IDS = { type: 'array', items: TEXT }
const ID = objectSchema({ id: TEXT }, ['id'])
const ID_AND_CONTENT = objectSchema({ id: TEXT, content: CONTENT }, ['id', 'content'])
const WRITTEN = objectSchema({ ...HEAD, bytes: BYTES, modified_at: MODIFIED_AT }, [
  'id',
  'name',
  'description',
  'logo',
  'bytes',
  'modified_at',
])
const ROW = objectSchema(
  {
    ...HEAD,
    skill_count: { type: ['integer', 'null'], description: 'null: it does not name its skills.' },
    ...LOOKS,
    modified_at: MODIFIED_AT,
  },
  ['id', 'name', 'description', 'logo', 'skill_count', 'modified_at'],
)

/** @param library asked for when one of them is called */
export function registerProfileFunctions(iii: FunctionRegistrar, library: () => Promise<ProfileLibrary>): void {
  registerBuiltIn(iii, {
    id: 'directory::agents::list',
    description: 'Lists the profiles of agents, sorted by id.',
    request: objectSchema({}, []),
    response: objectSchema({ agents: { type: 'array', items: ROW } }, ['agents']),
    optionalInput: true,
    decode: () => undefined,
    run: async () => ({ agents: await (await library()).list() }),
  })
  registerBuiltIn(iii, {
    id: 'directory::agents::get',
    description: 'Reads the profile of an agent: its system prompt, its skills, its model.',
    request: objectSchema({ id: TEXT, raw: RAW }, ['id']),
    response: objectSchema(
      {
        ...HEAD,
        system_prompt: TEXT,
        skills: IDS,
        unknown_skills: { ...IDS, description: 'Those of `skills` that do not exist.' },
        extends: TEXT_OR_NULL,
        ...LOOKS,
        raw: TEXT,
        modified_at: MODIFIED_AT,
      },
      ['id', 'name', 'description', 'logo', 'system_prompt', 'skills', 'unknown_skills', 'modified_at'],
    ),
    decode: (input, reader) => ({ id: reader.string(input, 'id'), isRaw: optionalFlag(input, 'raw', reader) }),
    run: async ({ id, isRaw }) => withRaw(await (await library()).get(id), isRaw),
  })
  registerBuiltIn(iii, {
    id: 'directory::agents::create',
    description: 'Makes the profile of an agent; one of that id must not exist.',
    request: ID_AND_CONTENT,
    response: WRITTEN,
    decode: idAndContent,
    run: async ({ id, content }) => (await library()).create(id, content),
  })
  registerBuiltIn(iii, {
    id: 'directory::agents::update',
    description: 'Replaces the profile of an agent.',
    request: ID_AND_CONTENT,
    response: WRITTEN,
    decode: idAndContent,
    run: async ({ id, content }) => (await library()).update(id, content),
  })
  registerBuiltIn(iii, {
    id: 'directory::agents::delete',
    description: 'Deletes the profile of an agent.',
    request: ID,
    response: ID,
    decode: (input, reader) => reader.string(input, 'id'),
    run: async (id) => (await library()).delete(id),
  })
}

function idAndContent(input: InputObject, reader: InputReader): { id: string; content: string } {
  return { id: reader.string(input, 'id'), content: reader.string(input, 'content') }
}
