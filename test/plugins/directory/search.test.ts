// `directory::search_functions` (spec 05 A.6).
import { describe, expect, test } from 'vitest'
import type { SearchAnswer } from '../../../plugins/directory/search/search.ts'
import { put, putImageResize } from '../../kit/registry/registry-folder.ts'
import { stubRegistry } from '../../kit/registry/stub-registry.ts'
import { runDirectory, type DirectoryRun } from './run-directory.ts'

const SEARCH = 'directory::search_functions'
const search = (run: DirectoryRun, ...capabilities: unknown[]) => run.call<SearchAnswer>(SEARCH, { capabilities })
const provide = (run: DirectoryRun, functions: Readonly<Record<string, string>>) => {
  for (const [id, description] of Object.entries(functions))
    run.worker.registerFunction(id, () => null, { description })
}
const idsIn = ({ workers }: SearchAnswer): string[] =>
  workers.flatMap(({ functions }) => functions.map(({ function_id }) => function_id))

test('a worker of the registry can be added for a capability, and afterwards its function is found', async () => {
  const run = await runDirectory()
  putImageResize(run.registry)
  const before = await search(run, 'resize an image')
  expect(before.workers.flatMap(({ functions }) => functions)).not.toContainEqual(
    expect.objectContaining({ function_id: 'image::resize' }),
  )
  expect(before.installable).toEqual([
    {
      name: 'image-resize',
      version: '1.2.0',
      description: 'Changes the size of pictures',
      functions: [{ function_id: 'image::resize', description: 'Resize an image' }],
      install: {
        function: 'worker::add',
        payload: { source: { kind: 'registry', name: 'image-resize' }, wait: true },
      },
    },
  ])
  expect(before.guidance).toContain('install.function')
  expect(before.latency_ms).toBeGreaterThanOrEqual(0)

  const added = run.engine.connect({ name: 'image-resize' })
  added.registerFunction('image::resize', () => null, { description: 'Resize an image' })
  const after = await search(run, 'resize an image')
  expect(after.workers[0]).toEqual({
    namespace: 'image',
    functions: [{ function_id: 'image::resize', description: 'Resize an image' }],
  })
  expect(after.installable).toBeUndefined()
})

describe('the functions that are found', () => {
  test('are those that have the words, in whatever form, the best first', async () => {
    const run = await runDirectory({ registry_search: false })
    provide(run, {
      'img::scale': 'Resizes images to a given width',
      'img::crop': 'Cuts a part out of an image',
      'mail::send': 'Sends an e-mail to somebody',
      'orders::list': 'Lists what was ordered',
    })
    expect(idsIn(await search(run, 'resize an image'))[0]).toBe('img::scale')
    expect(idsIn(await search(run, 'sending mails'))).toEqual(['mail::send'])
    expect(idsIn(await search(run, 'translate a novel'))).toEqual([])
    expect((await search(run, 'translate a novel')).guidance).toContain('Nothing was found')
  })

  test('are taken from each capability in turn, each once', async () => {
    const run = await runDirectory({ registry_search: false })
    provide(run, {
      'a::mail': 'mail',
      'b::mail': 'send mail with attachments of any kind and a long text',
      'c::image': 'image',
      'd::both': 'mail image',
    })
    const ids = idsIn(await search(run, 'mail', 'image'))
    expect(ids.slice(0, 2)).toEqual(['a::mail', 'c::image'])
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('are 12 of 6 workers at most, with descriptions of 160 bytes', async () => {
    const run = await runDirectory({ registry_search: false })
    const many = Array.from({ length: 40 }, (_, at) => [`w${at % 10}::mail${at}`, `mail ${'é'.repeat(200)}`])
    provide(run, Object.fromEntries(many))
    const answer = await search(run, 'mail')
    expect(answer.workers.length).toBeLessThanOrEqual(6)
    expect(idsIn(answer)).toHaveLength(12)
    for (const { functions } of answer.workers) {
      for (const { description } of functions) {
        expect(Buffer.byteLength(description)).toBeLessThanOrEqual(160)
        expect(description).toMatch(/^mail é+…$/)
      }
    }
  })

  test('are never internal ones or those of the engine', async () => {
    const run = await runDirectory({ registry_search: false })
    run.worker.registerFunction('mine::hidden', () => null, {
      description: 'list functions',
      metadata: { internal: true },
    })
    provide(run, { 'mine::shown': 'list functions' })
    const ids = idsIn(await search(run, 'list functions'))
    expect(ids).toContain('mine::shown')
    expect(ids).not.toContain('mine::hidden')
    expect(ids.filter((id) => id.startsWith('engine::'))).toEqual([])
  })
})

describe('what could be added', () => {
  test('is at most two workers with six functions in all', async () => {
    const run = await runDirectory()
    const functions = Array.from({ length: 9 }, (_, at) => ({ name: `f::${at}`, description: 'translate a text' }))
    for (const name of ['t-one', 't-two', 't-three'])
      put(run.registry, name, '1.0.0', { worker: { description: 'translates' }, version: { functions } })
    const { installable = [] } = await search(run, 'translate a text')
    expect(installable).toHaveLength(2)
    expect(installable.flatMap((each) => each.functions)).toHaveLength(6)
  })

  test('is a part of the engine that does not run', async () => {
    const run = await runDirectory()
    const { installable = [] } = await search(run, 'publish to a queue durably')
    expect(installable.map(({ name }) => name)).toContain('iii-queue')
  })

  test('is left out when it is switched off, also while the directory runs', async () => {
    const run = await runDirectory({ registry_search: false })
    putImageResize(run.registry)
    expect((await search(run, 'resize an image')).installable).toBeUndefined()
    await run.host.reconfigure({ registry_search: true })
    expect((await search(run, 'resize an image')).installable).toHaveLength(1)
  })

  test('is left out when the registry fails, and the functions are found all the same', async () => {
    const stub = await stubRegistry(() => ({ status: 500 }))
    const run = await runDirectory({ registry_url: stub.url })
    provide(run, { 'mail::send': 'Sends an e-mail' })
    const answer = await search(run, 'send mail')
    expect(idsIn(answer)).toEqual(['mail::send'])
    expect(answer.installable).toBeUndefined()
  })

  test('is waited for no longer than 3 seconds', async () => {
    const stub = await stubRegistry(() => 'never')
    const run = await runDirectory({ registry_url: stub.url })
    provide(run, { 'mail::send': 'Sends an e-mail' })
    const answer = await search(run, 'send mail')
    expect(idsIn(answer)).toEqual(['mail::send'])
    expect(answer.latency_ms).toBeLessThan(6_000)
  })
})

test.each<[object, string]>([
  [{}, '`capabilities` is missing'],
  [{ capabilities: 'mail' }, '`capabilities` must be an array'],
  [{ capabilities: [] }, '`capabilities` must be an array of 1 to 6 texts'],
  [{ capabilities: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, '`capabilities` must be an array of 1 to 6 texts'],
  [{ capabilities: ['mail', ' '] }, '`capabilities[1]` must be a text that is not blank'],
  [{ capabilities: [7] }, '`capabilities[0]` must be a text'],
  [{ capabilities: ['x'.repeat(501)] }, 'longer than 500 characters'],
])('a wrong question is refused: %#', async (input, problem) => {
  const { failure } = await runDirectory()
  const { code, message } = await failure(SEARCH, input)
  expect(code).toBe('deserialization_error')
  expect(message).toContain(problem)
})
