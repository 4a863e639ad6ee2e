// Functions of skills (spec 05 A.4): what they are called, take and answer.
import { registerBuiltIn, type FunctionRegistrar } from '../../../kit/functions/built-in-function.ts'
import { objectSchema } from '../../../kit/functions/function-schemas.ts'
import type { InputObject, InputReader } from '../../../kit/functions/input-reader.ts'
import {
  BYTES,
  CONTENT,
  MODIFIED_AT,
  optionalFlag,
  optionalText,
  RAW,
  TEXT,
  TEXT_OR_NULL,
  withRaw,
} from '../files/function-parts.ts'
import type { DownloadRequest, Downloaded } from './download/download.ts'
import type { SkillLibrary } from './skill-library.ts'

/** Asked for when a function is called: nothing is loaded before. */
export interface SkillParts {
  library(): Promise<SkillLibrary>
  download(request: DownloadRequest): Promise<Downloaded>
}

const ID_FORMS = 'An id as listed; also a folder for the overview in it, with `.md` at the end or `iii://` in front.'
const HEAD = { id: TEXT, title: TEXT, type: TEXT_OR_NULL, function_id: TEXT_OR_NULL }
const ID_AND_CONTENT = objectSchema(
  { id: { type: 'string', description: `${ID_FORMS} A bare name means its overview.` }, content: CONTENT },
  ['id', 'content'],
)
const WRITTEN = objectSchema({ ...HEAD, bytes: BYTES, modified_at: MODIFIED_AT }, [
  'id',
  'title',
  'type',
  'function_id',
  'bytes',
  'modified_at',
])
const ROW = objectSchema({ ...HEAD, description: TEXT, bytes: BYTES, modified_at: MODIFIED_AT }, [
  'id',
  'title',
  'type',
  'function_id',
  'description',
  'bytes',
  'modified_at',
])

export function registerSkillFunctions(iii: FunctionRegistrar, parts: SkillParts): void {
  registerBuiltIn(iii, {
    id: 'directory::skills::list',
    description: 'Lists the skills: texts that say how something is done with the functions of a worker. Sorted by id.',
    request: objectSchema(
      {
        search: { type: ['string', 'null'], description: 'Only those with this text in id, title or description.' },
        prefix: { type: ['string', 'null'], description: 'Only those whose id begins so.' },
        type: { type: ['string', 'null'], description: 'Only those of this type, such as `how-to`.' },
        include_description: { type: ['boolean', 'null'], description: 'Taken, and without effect.' },
      },
      [],
    ),
    response: objectSchema({ skills: { type: 'array', items: ROW } }, ['skills']),
    optionalInput: true,
    decode: (input, reader) => {
      optionalFlag(input, 'include_description', reader)
      const member = (name: string): string | undefined => optionalText(input, name, reader)
      return { search: member('search'), prefix: member('prefix'), type: member('type') }
    },
    run: async (query) => ({ skills: await (await parts.library()).list(query) }),
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::get',
    description: 'Reads a skill.',
    request: objectSchema({ id: { type: 'string', description: ID_FORMS }, raw: RAW }, ['id']),
    response: objectSchema(
      {
        ...HEAD,
        description: TEXT,
        body: { type: 'string', description: 'Without frontmatter.' },
        modified_at: MODIFIED_AT,
        path: { type: 'string', description: 'Of the file, absolute.' },
        raw: TEXT,
      },
      ['id', 'title', 'type', 'function_id', 'description', 'body', 'modified_at', 'path'],
    ),
    decode: (input, reader) => ({ id: reader.string(input, 'id'), isRaw: optionalFlag(input, 'raw', reader) }),
    run: async ({ id, isRaw }) => withRaw(await (await parts.library()).get(id), isRaw),
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::index',
    description: 'One page with the overviews of all workers that have skills, to begin reading at.',
    request: objectSchema({}, []),
    response: objectSchema({ body: TEXT, workers_count: { type: 'integer' } }, ['body', 'workers_count']),
    optionalInput: true,
    decode: () => undefined,
    run: async () => (await parts.library()).index(),
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::create',
    description: 'Makes a skill; one of that id must not exist.',
    request: ID_AND_CONTENT,
    response: WRITTEN,
    decode: idAndContent,
    run: async ({ id, content }) => written(await (await parts.library()).create(id, content)),
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::update',
    description: 'Replaces a skill.',
    request: ID_AND_CONTENT,
    response: WRITTEN,
    decode: idAndContent,
    run: async ({ id, content }) => written(await (await parts.library()).update(id, content)),
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::delete',
    description: 'Deletes a skill, and the folders that it leaves empty.',
    request: objectSchema({ id: { type: 'string', description: ID_FORMS } }, ['id']),
    response: objectSchema({ id: { type: 'string', description: 'As it was listed.' } }, ['id']),
    decode: (input, reader) => reader.string(input, 'id'),
    run: async (id) => (await parts.library()).delete(id),
  })
  registerDownloads(iii, parts)
}

const REPO = {
  repo: { type: 'string', description: 'URL of a git repository: http, https, ssh or file.' },
  skill: { type: 'string', description: 'Folder in its folder `skills`; its skills are found under this name.' },
  branch: { type: ['string', 'null'], description: 'Default main.' },
}
const REGISTRY = {
  worker: { type: 'string', description: 'Name in the registry; its skills are found under this name.' },
  version: { type: ['string', 'null'], description: 'Exact. Not together with `tag`.' },
  tag: { type: ['string', 'null'], description: 'Default latest.' },
}
const NAMES = { type: 'array', items: TEXT }
const DOWNLOADED = objectSchema(
  {
    namespace: TEXT,
    skills_written: { ...NAMES, description: 'Paths below the folder of skills.' },
    prompts_written: NAMES,
    system_prompts_written: NAMES,
    agents_written: { ...NAMES, description: 'Ids of profiles; those that exist already are kept as they are.' },
    source: {
      type: 'object',
      required: ['kind'],
      properties: {
        kind: { enum: ['repo', 'registry'] },
        repo: TEXT,
        skill: TEXT,
        branch: TEXT,
        worker: TEXT,
        version: TEXT,
        tag: TEXT,
      },
    },
  },
  ['namespace', 'skills_written', 'prompts_written', 'system_prompts_written', 'agents_written', 'source'],
)

/** One function for both sources, and one for each. */
function registerDownloads(iii: FunctionRegistrar, { download }: SkillParts): void {
  registerBuiltIn(iii, {
    id: 'directory::skills::download',
    description: 'Brings the skills and prompts of a worker in the registry, or of a git repository.',
    request: objectSchema({ ...REGISTRY, ...REPO }, []),
    response: DOWNLOADED,
    decode: readDownload,
    run: download,
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::download_from_registry',
    description: 'Brings the skills and prompts of a worker in the registry.',
    request: objectSchema(REGISTRY, ['worker']),
    response: DOWNLOADED,
    decode: (input, reader) =>
      readDownload({ ...input, repo: null, skill: null, branch: null, worker: reader.string(input, 'worker') }, reader),
    run: download,
  })
  registerBuiltIn(iii, {
    id: 'directory::skills::download_from_repo',
    description: 'Brings the skills and prompts in a git repository.',
    request: objectSchema(REPO, ['repo', 'skill']),
    response: DOWNLOADED,
    decode: (input, reader) =>
      readDownload(
        {
          ...input,
          worker: null,
          version: null,
          tag: null,
          repo: reader.string(input, 'repo'),
          skill: reader.string(input, 'skill'),
        },
        reader,
      ),
    run: download,
  })
}

function readDownload(input: InputObject, reader: InputReader): DownloadRequest {
  const member = (name: string): string | undefined => optionalText(input, name, reader)
  return {
    worker: member('worker'),
    version: member('version'),
    tag: member('tag'),
    repo: member('repo'),
    skill: member('skill'),
    branch: member('branch'),
  }
}

function idAndContent(input: InputObject, reader: InputReader): { id: string; content: string } {
  return { id: reader.string(input, 'id'), content: reader.string(input, 'content') }
}

function written({
  id,
  title,
  type,
  function_id,
  bytes,
  modified_at,
}: Awaited<ReturnType<SkillLibrary['create']>>): object {
  return { id, title, type, function_id, bytes, modified_at }
}
