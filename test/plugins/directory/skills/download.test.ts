// Downloads from a registry: what is asked for, what is refused, and that nothing is ever half written.
import { mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CodedError } from '../../../../protocol/errors.ts'
import type { PublishedSkills } from '../../../../plugins/directory/skills/place.ts'
import { lacks, mountSmallDisk, unmountDisk } from '../../../support/needs.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from './run-skills.ts'

const IMAGE_RESIZE: PublishedSkills = {
  name: 'image-resize',
  version: '1.2.0',
  skills: [
    { path: 'index.md', content: markdown({ title: 'Resize', type: 'index' }) },
    { path: 'how-to/crop.md', content: '# Crop\n\nText.' },
  ],
  prompts: [
    { name: 'resize-all', description: 'Resizes: all', args_schema: { type: 'object' }, content: 'Resize all.\n' },
  ],
}

function publishing(published: Partial<PublishedSkills> = {}) {
  const queries: object[] = []
  return {
    queries,
    published: async (query: object) => {
      queries.push(query)
      return { ...IMAGE_RESIZE, ...published }
    },
  }
}

const skills = (...files: readonly (readonly [path: string, content: string])[]) => ({
  skills: files.map(([path, content]) => ({ path, content })),
  prompts: [],
})

describe('from a registry', () => {
  test('brings skills and prompts, and tells of each kind once', async () => {
    const run = await SkillsRun.start({ ...publishing() })
    const events = {
      skills: await run.events('skills'),
      prompts: await run.events('prompts'),
      agents: await run.events('agents'),
    }
    expect(await run.call('skills::download', { worker: 'image-resize' })).toEqual({
      namespace: 'image-resize',
      skills_written: ['image-resize/how-to/crop.md', 'image-resize/index.md'],
      prompts_written: ['resize-all'],
      system_prompts_written: [],
      agents_written: [],
      source: { kind: 'registry', worker: 'image-resize', tag: 'latest' },
    })
    expect(await run.ids()).toEqual(['image-resize/how-to/crop', 'image-resize/index'])
    expect(await run.call('prompts::get', { name: 'resize-all', raw: true })).toMatchObject({
      description: 'Resizes: all',
      body: 'Resize all.\n',
      raw: '---\nname: resize-all\ndescription: "Resizes: all"\nargs_schema:\n  type: object\n---\n\nResize all.\n',
    })
    run.write('skills/x/y.md', 'Text.')
    const event = { op: 'download', namespace: 'image-resize', source: 'registry' }
    expect(await events.skills.take(2)).toEqual([event, { op: 'external', changed: ['x/y'], count: 1 }])
    expect(events.prompts.items).toEqual([event])
    expect(events.agents.items).toEqual([])
    expect(readdirSync(run.path('skills')).sort()).toEqual(['image-resize', 'x'])
  })

  test.each([
    [{}, { tag: 'latest' }],
    [{ version: '1.0.0' }, { version: '1.0.0' }],
    [{ tag: 'next' }, { tag: 'next' }],
    [{ version: ' ', tag: null, repo: '' }, { tag: 'latest' }],
  ])('asks for %j', async (input, asked) => {
    const registry = publishing()
    const run = await SkillsRun.start(registry)
    const { source } = await run.call('skills::download_from_registry', { worker: 'image-resize', ...input })
    expect(registry.queries).toEqual([{ name: 'image-resize', ...asked }])
    expect(source).toEqual({ kind: 'registry', worker: 'image-resize', ...asked })
  })

  test('replaces what it brings and leaves the rest alone', async () => {
    const run = await SkillsRun.start(publishing())
    run.write('skills/image-resize/index.md', 'Old.')
    run.write('skills/image-resize/mine.md', 'Mine.')
    await run.call('skills::download', { worker: 'image-resize' })
    expect(run.read('skills/image-resize/index.md')).toContain('Resize')
    expect(run.read('skills/image-resize/mine.md')).toBe('Mine.')
  })

  test('as SKILL.md takes the place of an index.md of before', async () => {
    const run = await SkillsRun.start(publishing(skills(['SKILL.md', '# New'])))
    run.write('skills/image-resize/index.md', '# Old')
    await run.call('skills::download', { worker: 'image-resize' })
    expect(await run.call('skills::get', { id: 'image-resize' })).toMatchObject({ title: 'New' })
  })

  test('of a worker without skills brings nothing, and tells nobody', async () => {
    const run = await SkillsRun.start(publishing(skills()))
    const events = await run.events('skills')
    expect(await run.call('skills::download', { worker: 'image-resize' })).toMatchObject({ skills_written: [] })
    run.write('skills/x/y.md', 'Text.')
    expect(await events.take(1)).toMatchObject([{ op: 'external' }])
  })

  test('leaves out names that no skill can have, and prompts that would not be listed', async () => {
    const run = await SkillsRun.start(
      publishing(skills(['README.md', 'Text.'], ['notes.txt', 'Text.'], ['prompts/p.md', 'Text.'], ['a.md', 'Text.'])),
    )
    expect(await run.call('skills::download', { worker: 'image-resize' })).toMatchObject({
      skills_written: ['image-resize/a.md'],
      prompts_written: [],
    })
    expect(readdirSync(run.path('skills/image-resize'))).toEqual(['a.md'])
    expect(run.logged('README.md')).toBe(true)
  })

  test('passes on what the registry says is wrong', async () => {
    const run = await SkillsRun.start({
      published: async () => {
        throw new CodedError('D310', 'D310 not_found: worker "nope" does not exist.')
      },
    })
    expect(await run.failure('skills::download', { worker: 'nope' })).toEqual({
      code: 'D310',
      message: 'D310 not_found: worker "nope" does not exist.',
    })
  })

  test('that never answers ends at the deadline', async () => {
    const run = await SkillsRun.start({ downloadTimeoutMs: () => 50, published: () => new Promise(() => {}) })
    expect(await run.failure('skills::download', { worker: 'slow' })).toMatchObject({
      code: 'D320',
      message: expect.stringContaining('within 50 ms'),
    })
  })

  test('of more than eight at a time is refused', async () => {
    const { promise, resolve } = Promise.withResolvers<PublishedSkills>()
    const run = await SkillsRun.start({ published: () => promise })
    const downloads = Array.from({ length: 8 }, () => run.call('skills::download', { worker: 'image-resize' }))
    await expect
      .poll(() => run.engine.calls.filter(({ function_id }) => function_id.endsWith('download')).length)
      .toBe(8)
    expect(await run.failure('skills::download', { worker: 'image-resize' })).toMatchObject({ code: 'overloaded' })
    resolve(IMAGE_RESIZE)
    await Promise.all(downloads)
    expect(await run.call('skills::download', { worker: 'image-resize' })).toMatchObject({ namespace: 'image-resize' })
  })
})

describe('a request', () => {
  test.each([
    [{}, 'specify either `worker` OR `repo` and `skill`: neither'],
    [{ worker: ' ' }, 'neither'],
    [{ repo: 'https://x/y', skill: 'a', worker: 'b' }, 'not both'],
    [{ worker: 'b', branch: 'main' }, 'not both'],
    [{ worker: 'b', version: '1.0.0', tag: 'latest' }, 'either version OR tag, not both'],
    [{ version: '1.0.0' }, '`worker` is missing'],
    [{ repo: 'https://x/y' }, '`skill` is missing'],
    [{ skill: 'a' }, '`repo` is missing'],
    [{ worker: '../x' }, '`worker` "../x" is no such name'],
    [{ worker: '-x' }, 'is no such name'],
    [{ worker: 'X' }, 'is no such name'],
    [{ worker: 'x'.repeat(65) }, 'is no such name'],
    [{ worker: 'prompts' }, "can't be"],
    [{ repo: 'https://x/y', skill: '../x' }, '`skill` "../x" is no such name'],
    [{ repo: 'https://x/y', skill: 'agents' }, "can't be"],
  ])('%j is refused: %s', async (input, text) => {
    const run = await SkillsRun.start()
    const { code, message } = await run.failure('skills::download', input)
    expect(code).toBe('D311')
    expect(message).toMatch(/^D311 invalid_input: /)
    expect(message).toContain(text)
  })

  test('with a member of another type is a deserialization error', async () => {
    const run = await SkillsRun.start()
    for (const input of [{ worker: 5 }, { worker: 'a', tag: [] }, 'x']) {
      expect(await run.failure('skills::download', input)).toMatchObject({ code: 'deserialization_error' })
    }
    expect(await run.failure('skills::download_from_registry', {})).toMatchObject({ code: 'deserialization_error' })
    expect(await run.failure('skills::download_from_repo', { repo: 'x' })).toMatchObject({
      code: 'deserialization_error',
    })
  })
})

describe('a set with one bad file', () => {
  const good = ['index.md', '# New'] as const
  test.each([
    ['that leads out', skills(good, ['../x.md', 'Text.'])],
    ['that leads out in the middle', skills(good, ['a/../../x.md', 'Text.'])],
    ['that is absolute', skills(good, ['/tmp/x.md', 'Text.'])],
    ['that is absolute on Windows', skills(good, ['C:\\x.md', 'Text.'])],
    ['that leads out on Windows', skills(good, ['..\\x.md', 'Text.'])],
    ['with a NUL in its name', skills(good, ['a\0.md', 'Text.'])],
    ['without a name', skills(good, ['', 'Text.'])],
    ['that is too long', skills(good, ['a.md', 'x'.repeat(256 * 1024 + 1)])],
    ['that is empty', skills(good, ['a.md', ' \n'])],
    ['that is nothing but frontmatter', skills(good, ['a.md', markdown({ title: 'T' }, '')])],
    ['that is no text', skills(good, ['a.md', 5 as never])],
    ['that is there twice', skills(good, good)],
    [
      'that is a prompt which leads out',
      { ...skills(good), prompts: [{ name: '../../p', description: 'd', content: 'Text.' }] },
    ],
    ['of another worker', { ...skills(good), name: 'other' }],
    ['too many', skills(...Array.from({ length: 1_001 }, (_, n) => [`a${n}.md`, 'Text.'] as const))],
    ['too much', skills(...Array.from({ length: 70 }, (_, n) => [`a${n}.md`, 'x'.repeat(250_000)] as const))],
  ])('%s writes nothing at all', async (_what, published) => {
    const run = await SkillsRun.start(publishing(published))
    const events = await run.events('skills')
    run.write('skills/image-resize/index.md', 'Old.')
    await events.take(1)
    expect(await run.failure('skills::download', { worker: 'image-resize' })).toMatchObject({ code: 'D311' })
    expect(readdirSync(run.folder)).not.toContain('x.md')
    expect(readdirSync(run.path('skills'))).toEqual(['image-resize'])
    expect(readdirSync(run.path('skills/image-resize'))).toEqual(['index.md'])
    expect(run.read('skills/image-resize/index.md')).toBe('Old.')
    expect(events.items).toHaveLength(1)
  })
})

describe('a download that fails half way', () => {
  test('at the disk takes back what it has written', async () => {
    const run = await SkillsRun.start(
      publishing(skills(['a.md', 'New.'], ['b/c.md', 'New.'], ['index.md', 'New.'], ['z.md', 'New.'])),
    )
    run.write('skills/image-resize/index.md', 'Old.')
    // The last one finds a folder in its place.
    mkdirSync(run.path('skills/image-resize/z.md'))
    expect(await run.failure('skills::download', { worker: 'image-resize' })).toMatchObject({
      code: 'D900',
      message: expect.stringMatching(/^D900 storage: the skills of image-resize can't be written: /),
    })
    expect(readdirSync(run.path('skills'))).toEqual(['image-resize'])
    expect(readdirSync(run.path('skills/image-resize')).sort()).toEqual(['index.md', 'z.md'])
    expect(run.read('skills/image-resize/index.md')).toBe('Old.')
  })

  test('at a folder that is a link writes nothing by it', async () => {
    const outside = tempFolder()
    const run = await SkillsRun.start(publishing())
    mkdirSync(run.path('skills/image-resize'), { recursive: true })
    symlinkSync(outside, run.path('skills/image-resize/how-to'))
    expect(await run.failure('skills::download', { worker: 'image-resize' })).toMatchObject({ code: 'D900' })
    expect(readdirSync(outside)).toEqual([])
    expect(readdirSync(run.path('skills/image-resize'))).toEqual(['how-to'])
  })

  test.skipIf(lacks('small disk'))('because the disk is full leaves it as it was (needs small disk)', async () => {
    const disk = tempFolder()
    expect(mountSmallDisk(disk, '512k')).toBe(true)
    onTestFinished(() => unmountDisk(disk))
    const content = 'x'.repeat(100_000)
    const run = await SkillsRun.start({
      skillsFolder: disk,
      ...publishing(skills(...Array.from({ length: 8 }, (_, n) => [`a${n}.md`, content] as const))),
    })
    await run.call('skills::create', { id: 'image-resize/a0', content: 'Old.' })
    expect(await run.failure('skills::download', { worker: 'image-resize' })).toMatchObject({
      code: 'D900',
      message: expect.stringContaining('ENOSPC'),
    })
    expect(readdirSync(disk)).toEqual(['image-resize'])
    expect(readdirSync(`${disk}/image-resize`)).toEqual(['a0.md'])
    expect((await run.call('skills::get', { id: 'image-resize/a0' })).body).toBe('Old.')
  })

  test('of an engine that was killed leaves a folder that the next one clears away', async () => {
    const run = await SkillsRun.start(publishing())
    run.write('skills/.iii-staging-0123456789ab/0', 'Text.')
    run.write('skills/.iii-staging-ba9876543210/0', 'Text.')
    utimesSync(run.path('skills/.iii-staging-0123456789ab'), new Date(), new Date('2026-01-01'))
    await run.call('skills::download', { worker: 'image-resize' })
    expect(readdirSync(run.path('skills')).sort()).toEqual(['.iii-staging-ba9876543210', 'image-resize'])
    expect(await run.ids()).toEqual(['image-resize/how-to/crop', 'image-resize/index'])
  })

  test('beside others, of the same worker, leaves each file whole', async () => {
    let version = 0
    const run = await SkillsRun.start({
      published: async () => {
        const content = `${++version} `.repeat(10_000)
        return { ...IMAGE_RESIZE, ...skills(['a.md', content], ['b.md', content]) }
      },
    })
    await Promise.all(Array.from({ length: 8 }, () => run.call('skills::download', { worker: 'image-resize' })))
    const content = run.read('skills/image-resize/a.md')
    expect(content).toHaveLength(20_000)
    expect(run.read('skills/image-resize/b.md')).toBe(content)
  })
})
