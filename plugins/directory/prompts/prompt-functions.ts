// Functions of prompts and system prompts (spec 05 A.4): what they are called, take and answer.
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import { BYTES, CONTENT, MODIFIED_AT, optionalFlag, RAW, TEXT, withRaw } from '../files/function-parts.ts'
import type { PromptKind, PromptLibrary } from './prompt-library.ts'

const ROW = { name: TEXT, description: TEXT, modified_at: MODIFIED_AT }
const NAME = objectSchema({ name: TEXT }, ['name'])
const NAME_AND_CONTENT = objectSchema({ name: TEXT, content: CONTENT }, ['name', 'content'])
const WRITTEN = objectSchema({ ...ROW, bytes: BYTES }, ['name', 'description', 'bytes', 'modified_at'])

/** @param library of prompts of the kind; asked for when one of them is called */
export function registerPromptFunctions(
  iii: FunctionRegistrar,
  library: (kind: PromptKind) => Promise<PromptLibrary>,
): void {
  for (const kind of ['prompts', 'system-prompts'] as const) registerReading(iii, kind, () => library(kind))

  registerBuiltIn(iii, {
    id: 'directory::prompts::save',
    description: 'Makes a prompt, or replaces it.',
    request: NAME_AND_CONTENT,
    response: WRITTEN,
    decode: nameAndContent,
    run: async ({ name, content }) => (await library('prompts')).save(name, content),
  })
  registerBuiltIn(iii, {
    id: 'directory::system-prompts::create',
    description: 'Makes a system prompt; one of that name must not exist.',
    request: NAME_AND_CONTENT,
    response: WRITTEN,
    decode: nameAndContent,
    run: async ({ name, content }) => (await library('system-prompts')).create(name, content),
  })
  registerBuiltIn(iii, {
    id: 'directory::system-prompts::update',
    description: 'Replaces a system prompt; another `name` in the frontmatter renames it.',
    request: NAME_AND_CONTENT,
    response: WRITTEN,
    decode: nameAndContent,
    run: async ({ name, content }) => (await library('system-prompts')).update(name, content),
  })
  registerBuiltIn(iii, {
    id: 'directory::system-prompts::delete',
    description: 'Deletes a system prompt.',
    request: NAME,
    response: NAME,
    decode: (input, reader) => reader.string(input, 'name'),
    run: async (name) => (await library('system-prompts')).delete(name),
  })
}

function registerReading(iii: FunctionRegistrar, kind: PromptKind, library: () => Promise<PromptLibrary>): void {
  const what = kind === 'prompts' ? 'prompt' : 'system prompt'
  registerBuiltIn(iii, {
    id: `directory::${kind}::list`,
    description: `Lists the ${what}s, sorted by name.`,
    request: objectSchema({}, []),
    response: objectSchema(
      { prompts: { type: 'array', items: objectSchema(ROW, ['name', 'description', 'modified_at']) } },
      ['prompts'],
    ),
    optionalInput: true,
    decode: () => undefined,
    run: async () => ({ prompts: await (await library()).list() }),
  })
  registerBuiltIn(iii, {
    id: `directory::${kind}::get`,
    description: `Reads a ${what}.`,
    request: objectSchema({ name: TEXT, raw: RAW }, ['name']),
    response: objectSchema({ ...ROW, body: { type: 'string', description: 'Without frontmatter.' }, raw: TEXT }, [
      'name',
      'description',
      'body',
      'modified_at',
    ]),
    decode: (input, reader) => ({ name: reader.string(input, 'name'), isRaw: optionalFlag(input, 'raw', reader) }),
    run: async ({ name, isRaw }) => withRaw(await (await library()).get(name), isRaw),
  })
}

function nameAndContent(input: InputObject, reader: InputReader): { name: string; content: string } {
  return { name: reader.string(input, 'name'), content: reader.string(input, 'content') }
}
