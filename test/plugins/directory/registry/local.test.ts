// A registry in a folder of the project (spec 05 A.3, A.7.2), asked by the functions of the directory.
import { describe, expect, test } from 'vitest'
import { put, putImageResize, write } from '../../../kit/registry/registry-folder.ts'
import { runDirectory } from '../run-directory.ts'

const LIST = 'directory::registry::workers::list'
const INFO = 'directory::registry::workers::info'

describe('a worker in the registry of the project', () => {
  test('is the first row of a search by words of its name, on a page that is the last one', async () => {
    const { call, registry } = await runDirectory()
    putImageResize(registry)
    const page = await call(LIST, { search: 'image resize' })
    expect(page.workers[0]).toEqual({
      name: 'image-resize',
      description: 'Changes the size of pictures',
      type: 'bundle',
      version: '1.2.0',
      repo: null,
      config: { quality: 80 },
      supported_targets: [],
      total_downloads: 42,
      dependencies: [{ name: 'state', version: '^0.19' }],
      author: { name: 'ana', pfp: null, verified: false },
    })
    expect(page.pagination).toEqual({ next_cursor: null, has_more: false, page_size: 20 })
    expect(await call(LIST, { search: 'zzz' })).toMatchObject({ workers: [], pagination: { has_more: false } })
  })

  test('is described with README, functions, trigger types, skills and prompts', async () => {
    const { call, registry } = await runDirectory()
    putImageResize(registry)
    expect(await call(INFO, { name: 'image-resize' })).toEqual({
      worker: expect.objectContaining({ name: 'image-resize', version: '1.2.0' }),
      readme: '# image-resize\n',
      api_reference: {
        functions: [
          {
            name: 'image::resize',
            description: 'Resize an image',
            request_schema: { type: 'object' },
            response_schema: {},
            metadata: {},
          },
        ],
        triggers: [
          {
            name: 'image::done',
            description: 'A picture is done',
            invocation_schema: { type: 'object' },
            return_schema: {},
            metadata: {},
          },
        ],
      },
      skills_tree: {
        skills: [{ path: 'index.md' }],
        prompts: [{ name: 'resize-all', description: 'Resize all of them' }],
      },
    })
  })

  test('that was just published is there', async () => {
    const { call, failure, registry } = await runDirectory()
    expect((await failure(INFO, { name: 'image-resize' })).code).toBe('D310')
    putImageResize(registry)
    expect((await call(INFO, { name: 'image-resize' })).worker.version).toBe('1.2.0')
  })
})

describe('the version', () => {
  const published = async () => {
    const run = await runDirectory()
    for (const version of ['0.9.0', '1.0.0', '1.2.0', '2.0.0-beta.1', 'no-version'])
      put(run.registry, 'w', version, { worker: { latest: undefined } })
    return run
  }
  test.each([
    [{}, '1.2.0'],
    [{ tag: 'latest' }, '1.2.0'],
    [{ version: ' 1.0.0 ' }, '1.0.0'],
    [{ version: 'v1.0.0' }, '1.0.0'],
    [{ tag: '1.0.0' }, '1.0.0'],
    [{ version: '^0.9' }, '0.9.0'],
    [{ version: '2.0.0-beta.1' }, '2.0.0-beta.1'],
  ])('%j is %s', async (asked, version) => {
    const { call } = await published()
    expect((await call(INFO, { name: 'w', ...asked })).worker.version).toBe(version)
  })
  test('that the worker calls its latest one is that', async () => {
    const { call, registry } = await published()
    write(`${registry}/w/worker.json`, JSON.stringify({ latest: '1.0.0' }))
    expect((await call(INFO, { name: 'w' })).worker.version).toBe('1.0.0')
  })
  test('that is not there is an error that names those that are', async () => {
    const { failure } = await published()
    for (const asked of [{ version: '9.9.9' }, { tag: 'stable' }, { version: '^3' }]) {
      const { code, message } = await failure(INFO, { name: 'w', ...asked })
      expect(code).toBe('D310')
      expect(message).toContain(`D310 not_found: worker "w" has no version that is "${Object.values(asked)[0]}"`)
      expect(message).toContain('it has 2.0.0-beta.1, 1.2.0, 1.0.0, 0.9.0.')
    }
  })
})

describe('a question that makes no sense', () => {
  test('names what was wrong', async () => {
    const { failure, registry } = await runDirectory()
    putImageResize(registry)
    expect(await failure(INFO, { name: 'nope' })).toEqual({
      code: 'D310',
      message:
        'D310 not_found: worker "nope" does not exist. Next: call directory::registry::workers::list to see which workers there are.',
    })
    expect((await failure(INFO, { name: 'image-resice' })).message).toContain(' Did you mean: image-resize.')
    expect(await failure(INFO, { name: ' ' })).toEqual({
      code: 'D311',
      message: 'D311 invalid: name must be non-empty.',
    })
    expect(await failure(INFO, { name: 'image-resize', version: '1.0.0', tag: 'latest' })).toEqual({
      code: 'D311',
      message: 'D311 invalid: specify either version OR tag, not both.',
    })
    expect((await failure(INFO, {})).code).toBe('deserialization_error')
    expect((await failure(INFO, { name: 1 })).code).toBe('deserialization_error')
    expect((await failure(LIST, { search: ['a'] })).code).toBe('deserialization_error')
    expect((await failure(LIST, { search: 'x'.repeat(1_001) })).code).toBe('D311')
    expect((await failure(LIST, { cursor: 'nonsense' })).message).toContain('cursor "nonsense" is none')
    expect((await failure(LIST, { cursor: 'x'.repeat(5_000) })).code).toBe('D311')
  })
  test.each(['../x', '..', '.hidden', 'a/b', 'a\\b', 'a\0', 'a'.repeat(129)])(
    'the name %j leads nowhere',
    async (name) => {
      const { failure, registry } = await runDirectory()
      write(`${registry}/../x/worker.json`, '{}')
      expect((await failure(INFO, { name })).code).toBe('D311')
    },
  )
})
