// Listing and reading skills: which files are skills, what they say, by which ids they are found.
import { symlinkSync, mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from './run-skills.ts'

describe('a skill with frontmatter', () => {
  test('is listed with what it says, and found by every form of its id', async () => {
    const run = await SkillsRun.start()
    run.write(
      'skills/foo/index.md',
      markdown({ title: 'T', type: 'index' }, '# Heading\n\nFirst\nparagraph.\n\nSecond.\n'),
    )
    const { skills } = await run.call('skills::list')
    expect(skills).toEqual([
      {
        id: 'foo/index',
        title: 'T',
        type: 'index',
        function_id: null,
        description: 'First paragraph.',
        bytes: expect.any(Number),
        modified_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    ])
    const skill = await run.call('skills::get', { id: 'foo/index' })
    expect(skill).toEqual({
      id: 'foo/index',
      title: 'T',
      type: 'index',
      function_id: null,
      description: 'First paragraph.',
      body: '# Heading\n\nFirst\nparagraph.\n\nSecond.\n',
      modified_at: skills[0].modified_at,
      path: run.path('skills/foo/index.md'),
    })
    for (const id of ['iii://foo/index.md', 'foo', 'iii://foo', 'foo/index.md', ' foo/index ', 'foo/SKILL.md']) {
      expect(await run.call('skills::get', { id })).toEqual(skill)
    }
    const { body, workers_count } = await run.call('skills::index')
    expect(body).toContain('## T')
    expect(body).toContain('foo/index')
    expect(workers_count).toBe(1)
  })

  test('comes whole with raw', async () => {
    const run = await SkillsRun.start()
    const text = markdown({ title: 'T' })
    run.write('skills/foo/index.md', text)
    expect((await run.call('skills::get', { id: 'foo', raw: true })).raw).toBe(text)
    expect(await run.call('skills::get', { id: 'foo', raw: false })).not.toHaveProperty('raw')
  })
})

describe('title and description', () => {
  test.each([
    ['the title', { title: 'Title', name: 'Name' }, '# Heading\n\nText.', 'Title', 'Text.'],
    ['the name without a title', { name: 'Name', description: 'Says so.' }, '# Heading\n\nText.', 'Name', 'Says so.'],
    [
      'the heading without either',
      {},
      '## Small\n# Heading #\nText\nof two lines.\n\nMore.',
      'Heading',
      'Text of two lines.',
    ],
    ['the id without anything', {}, 'Text.', 'foo/bar', 'Text.'],
    ['nothing where there are headings alone', {}, '# A\n## B', 'A', ''],
  ])('are %s', async (_what, front, body, title, description) => {
    const run = await SkillsRun.start()
    run.write('skills/foo/bar.md', markdown(front, body))
    expect((await run.call('skills::list')).skills[0]).toMatchObject({ title, description })
  })

  test.each([
    ['no YAML', '---\ntitle: [\n---\n# Heading\n\nText.'],
    ['a list', '---\n- a\n---\n# Heading\n\nText.'],
    ['too long', `---\ntitle: ${'x'.repeat(20_000)}\n---\n# Heading\n\nText.`],
    [
      'aliases that make it huge',
      `---\na: &a [1]\n${Array.from({ length: 60 }, (_, n) => `b${n}: [*a, *a]`).join('\n')}\n---\n# Heading\n\nText.`,
    ],
    ['with the line ends of Windows', '---\r\nnothing: 1\r\n---\r\n# Heading\r\n\r\nText.\r\n'],
  ])('stand in the text where frontmatter is %s', async (_what, text) => {
    const run = await SkillsRun.start()
    run.write('skills/foo/bar.md', text)
    expect((await run.call('skills::list')).skills).toMatchObject([{ title: 'Heading', description: 'Text.' }])
  })
})

describe('files', () => {
  test('that no id can name are passed over, with a line in the log', async () => {
    const run = await SkillsRun.start()
    for (const path of [
      'foo/a.md',
      'foo/README.md',
      'foo/Ä.md',
      'Foo/a.md',
      'foo/a.txt',
      '.hidden/a.md',
      `foo/${'x'.repeat(65)}.md`,
    ]) {
      run.write(`skills/${path}`, 'Text.')
    }
    expect(await run.ids()).toEqual(['foo/a'])
    expect(run.logged('README.md')).toBe(true)
    expect(run.logged('Foo')).toBe(true)
    const lines = run.host.log.lines.length
    await run.ids()
    expect(run.host.log.lines).toHaveLength(lines)
  })

  test('called SKILL.md or SKILLS.md are the overview, unless there is an index.md', async () => {
    const run = await SkillsRun.start()
    run.write('skills/one/SKILL.md', markdown({ name: 'one', description: 'd' }))
    run.write('skills/two/SKILLS.md', 'Two.')
    run.write('skills/three/SKILL.md', 'Not this.')
    run.write('skills/three/index.md', 'This.')
    expect(await run.ids()).toEqual(['one/index', 'three/index', 'two/index'])
    expect((await run.call('skills::get', { id: 'one' })).title).toBe('one')
    expect((await run.call('skills::get', { id: 'three/SKILL.md' })).body).toBe('This.')
    expect((await run.call('skills::index')).workers_count).toBe(3)
  })

  test('in folders prompts, system-prompts and agents are no skills', async () => {
    const run = await SkillsRun.start()
    for (const folder of ['prompts', 'system-prompts', 'agents', 'deep/prompts'])
      run.write(`skills/foo/${folder}/a.md`, 'Text.')
    expect(await run.ids()).toEqual([])
    expect(await run.failure('skills::get', { id: 'foo/prompts/a' })).toMatchObject({ code: 'D110' })
  })

  test('that are too long or empty are not listed, and reading one says why', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/long.md', 'x'.repeat(256 * 1024 + 1))
    run.write('skills/foo/longest.md', 'x'.repeat(256 * 1024))
    run.write('skills/foo/empty.md', markdown({ title: 'T' }, ' \n'))
    expect(await run.ids()).toEqual(['foo/longest'])
    const long = await run.failure('skills::get', { id: 'foo/long' })
    expect(long).toMatchObject({ code: 'D213', message: expect.stringContaining('256 KiB') })
    expect(await run.failure('skills::get', { id: 'foo/empty' })).toMatchObject({
      code: 'D213',
      message: expect.stringContaining('empty'),
    })
    await run.call('skills::update', { id: 'foo/long', content: 'Short.' })
    await run.call('skills::delete', { id: 'foo/empty' })
    expect(await run.ids()).toEqual(['foo/long', 'foo/longest'])
  })

  test('are looked at anew by each call', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', '# One')
    expect((await run.call('skills::list')).skills[0].title).toBe('One')
    run.write('skills/foo/a.md', '# Other')
    expect((await run.call('skills::list')).skills[0].title).toBe('Other')
    run.remove('skills/foo')
    expect(await run.ids()).toEqual([])
  })

  test('of 5,000 skills are listed, and the plugin answers others meanwhile', async () => {
    const run = await SkillsRun.start()
    for (let worker = 0; worker < 50; worker++) {
      for (let skill = 0; skill < 100; skill++)
        run.write(`skills/w${worker}/s${skill}.md`, markdown({ title: `Skill ${skill}` }))
    }
    const listing = run.ids()
    const meanwhile = await Promise.race([run.call('skills::get', { id: 'w7/s7' }), listing])
    expect(meanwhile).toMatchObject({ title: 'Skill 7' })
    expect(await listing).toHaveLength(5_000)
    expect(await run.failure('skills::get', { id: 'w7/s7x' })).toMatchObject({
      code: 'D110',
      message: expect.stringContaining('Did you mean: w7/s7'),
    })
  })
})

describe('a folder of skills that is none', () => {
  test('has more folders than are looked into: the first are, and the log says so', async () => {
    const run = await SkillsRun.start()
    for (let one = 0; one < 72; one++) {
      for (let other = 0; other < 72; other++) mkdirSync(run.path(`skills/a${one}/b${other}`), { recursive: true })
    }
    run.write('skills/z.md', 'Text.')
    expect(await run.ids()).toEqual(['z'])
    expect(run.logged('more than 5000 folders')).toBe(true)
  })

  test('has more files than are looked at: the first are, and the log says so', async () => {
    const run = await SkillsRun.start()
    mkdirSync(run.path('skills/a'), { recursive: true })
    for (let n = 0; n < 10_001; n++) writeFileSync(run.path(`skills/a/s${n}.md`), '')
    expect(await run.ids()).toEqual([])
    expect(run.logged('more than 10000 files')).toBe(true)
  })

  test('is too deep: what lies above is read, and the log says so', async () => {
    const run = await SkillsRun.start()
    run.write(`skills/${'a/'.repeat(31)}x.md`, 'Text.')
    run.write(`skills/${'a/'.repeat(32)}x.md`, 'Text.')
    expect(await run.ids()).toEqual([`${'a/'.repeat(31)}x`])
    expect(run.logged('more than 32 folders deep')).toBe(true)
  })
})

describe('an id', () => {
  test('that does not exist is answered with near ones, or those of its worker', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/index.md', 'Text.')
    run.write('skills/foo/how-to/resize.md', 'Text.')
    const near = await run.failure('skills::get', { id: 'foo/idx' })
    expect(near.code).toBe('D110')
    expect(near.message).toMatch(
      /^D110 not_found: skill "foo\/idx" does not exist\. Did you mean: foo\/index\. Next: call directory::skills::list to /,
    )
    const far = await run.failure('skills::get', { id: 'foo/something-else-altogether' })
    expect(far.message).toContain('Did you mean: foo/how-to/resize, foo/index.')
    expect((await run.failure('skills::get', { id: 'bar' })).message).not.toContain('bar/')
  })

  test.each([
    ['of another scheme', 'https://x'],
    ['empty', ''],
    ['that leads out', '../x'],
    ['that leads out in the middle', 'foo/../../x'],
    ['absolute', '/etc/passwd'],
    ['of Windows', 'foo\\..\\x'],
    ['with a NUL', 'foo/a\0b'],
    ['with a line break', 'foo/a\nb'],
    ['in capitals', 'Foo/Index'],
    ['with a part that is too long', 'x'.repeat(65)],
    ['that is too long', 'abcd/'.repeat(300) + 'a'],
    ['with an empty part', 'foo//a'],
    ['with a slash at the end', 'foo/'],
    ['with a dot', 'foo/.git'],
    ['with percent signs', 'foo/%2e%2e/x'],
  ])('%s is refused, by whatever function', async (_what, id) => {
    const run = await SkillsRun.start()
    run.write('x.md', 'Outside.')
    for (const [name, more] of [
      ['get', {}],
      ['create', { content: 'Text.' }],
      ['update', { content: 'Text.' }],
      ['delete', {}],
    ] as const) {
      const { code, message } = await run.failure(`skills::${name}`, { id, ...more })
      expect(code).toBe('D112')
      expect(message).toMatch(/^D112 invalid_id: .*\. Next: /)
      expect(message.length).toBeLessThan(400)
    }
    expect(run.read('x.md')).toBe('Outside.')
  })

  test.each([
    ['a number', { id: 5 }],
    ['nothing', {}],
    ['null', { id: null }],
  ])('that is %s is a deserialization error', async (_what, input) => {
    const run = await SkillsRun.start()
    expect(await run.failure('skills::get', input)).toMatchObject({
      code: 'deserialization_error',
      message: expect.stringContaining('`id`'),
    })
  })
})

describe('links', () => {
  test('that lead out of the folder are neither listed, read, written nor deleted', async () => {
    const outside = tempFolder()
    mkdirSync(`${outside}/sub`)
    writeFileSync(`${outside}/secret.md`, 'Secret.')
    writeFileSync(`${outside}/sub/secret.md`, 'Secret.')
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', 'Text.')
    symlinkSync(`${outside}/secret.md`, run.path('skills/foo/file.md'))
    symlinkSync(`${outside}/sub`, run.path('skills/foo/sub'))
    symlinkSync(outside, run.path('skills/out'))
    expect(await run.ids()).toEqual(['foo/a'])
    expect(run.logged('skills/out')).toBe(true)
    for (const id of ['foo/file', 'foo/sub/secret', 'out/secret']) {
      const read = await run.failure('skills::get', { id })
      expect(read.message).toContain('leads out')
      expect(read.message).not.toContain('Secret')
      await run.failure('skills::update', { id, content: 'Changed.' })
    }
    for (const id of ['foo/sub/secret', 'out/secret']) await run.failure('skills::delete', { id })
    for (const id of ['foo/sub/new', 'out/new']) await run.failure('skills::create', { id, content: 'New.' })
    expect(run.engine.calls.length).toBeGreaterThan(0)
    const { readdirSync, readFileSync } = await import('node:fs')
    expect(readdirSync(outside).sort()).toEqual(['secret.md', 'sub'])
    expect(readdirSync(`${outside}/sub`)).toEqual(['secret.md'])
    expect(readFileSync(`${outside}/sub/secret.md`, 'utf8')).toBe('Secret.')
    expect(readFileSync(`${outside}/secret.md`, 'utf8')).toBe('Secret.')
  })

  test('that stay inside are read; one that leads in a circle or nowhere is passed over', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', '# A')
    symlinkSync('a.md', run.path('skills/foo/b.md'))
    symlinkSync('c.md', run.path('skills/foo/c.md'))
    symlinkSync('nowhere.md', run.path('skills/foo/d.md'))
    symlinkSync('..', run.path('skills/foo/up'))
    expect(await run.ids()).toEqual(['foo/a', 'foo/b'])
  })
})

describe('folders', () => {
  test('that do not exist hold nothing', async () => {
    const run = await SkillsRun.start({ localSkillsFolder: 'nowhere', skillsFolder: 'not/there' })
    expect(await run.call('skills::list')).toEqual({ skills: [] })
    expect(await run.call('skills::index')).toEqual({
      body: '# Skills index\n\n0 workers have skills.\n',
      workers_count: 0,
    })
    expect(await run.call('prompts::list')).toEqual({ prompts: [] })
    expect(await run.call('agents::list')).toEqual({ agents: [] })
    expect(await run.failure('skills::get', { id: 'a' })).toMatchObject({ code: 'D110' })
  })

  test('may lie outside the project', async () => {
    const elsewhere = tempFolder()
    const run = await SkillsRun.start({ skillsFolder: elsewhere })
    await run.call('skills::create', { id: 'foo/a', content: 'Text.' })
    expect((await run.call('skills::get', { id: 'foo/a' })).path).toBe(`${elsewhere}/foo/a.md`)
  })

  test('may be a link themselves', async () => {
    const elsewhere = tempFolder()
    const run = await SkillsRun.start()
    symlinkSync(elsewhere, run.path('skills'))
    await run.call('skills::create', { id: 'foo/a', content: 'Text.' })
    expect(await run.ids()).toEqual(['foo/a'])
  })

  test('of which a file is in the place are told, not taken for empty', async () => {
    const run = await SkillsRun.start()
    run.write('skills', 'a file')
    const { code, message } = await run.failure('skills::list')
    expect(code).toBe('D900')
    expect(message).toMatch(/^D900 storage: .*skills.*ENOTDIR.* Next: move away the file/)
  })

  test('count in their order, and those of agents are only read', async () => {
    const run = await SkillsRun.start({ localSkillsFolder: './own' })
    for (const folder of ['own', 'skills', '.agents/skills']) run.write(`${folder}/foo/a.md`, `# ${folder}`)
    run.write('.agents/skills/foo/b.md', '# B')
    const { skills } = await run.call('skills::list')
    expect(skills.map(({ id, title }: { id: string; title: string }) => [id, title])).toEqual([
      ['foo/a', 'own'],
      ['foo/b', 'B'],
    ])
    for (const name of ['update', 'delete']) {
      const { code, message } = await run.failure(`skills::${name}`, { id: 'foo/b', content: 'Text.' })
      expect(code).toBe('D116')
      expect(message).toContain('.agents/skills')
    }
    expect(await run.failure('skills::create', { id: 'foo/b', content: 'Text.' })).toMatchObject({ code: 'D114' })
    await run.call('skills::create', { id: 'foo/c', content: 'Text.' })
    expect(run.has('own/foo/c.md')).toBe(true)
  })
})

describe('which skills are shown', () => {
  test('are those of installed workers, of the engine, of agents and of the project', async () => {
    let installed: ReadonlySet<string> | undefined = new Set(['foo'])
    const run = await SkillsRun.start({ localSkillsFolder: './own', installedNames: async () => installed })
    for (const name of ['foo', 'bar', 'iii', 'iii-directory']) run.write(`skills/${name}/index.md`, `# ${name}`)
    run.write('own/mine/a.md', 'Text.')
    run.write('.agents/skills/theirs/SKILL.md', 'Text.')
    expect(await run.ids()).toEqual(['foo/index', 'iii-directory/index', 'iii/index', 'mine/a', 'theirs/index'])
    expect((await run.call('skills::index')).body).not.toContain('bar')
    expect(await run.call('skills::get', { id: 'bar' })).toMatchObject({ id: 'bar/index' })
    installed = undefined
    expect(await run.ids()).toContain('bar/index')
  })

  test('are all without the filter', async () => {
    const run = await SkillsRun.start({
      filterUnregistered: () => false,
      installedNames: async () => new Set<string>(),
    })
    run.write('skills/bar/index.md', 'Text.')
    expect(await run.ids()).toEqual(['bar/index'])
  })

  test('can be narrowed by text, prefix and type', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/index.md', markdown({ title: 'Foo', type: 'index' }))
    run.write('skills/foo/resize.md', markdown({ title: 'Resize images', type: 'how-to' }))
    run.write('skills/bar/index.md', markdown({ title: 'Bar', type: 'index' }, 'Draws images.'))
    expect(await run.ids({ search: 'IMAGES' })).toEqual(['bar/index', 'foo/resize'])
    expect(await run.ids({ prefix: 'foo/' })).toEqual(['foo/index', 'foo/resize'])
    expect(await run.ids({ type: 'how-to', search: null, include_description: false })).toEqual(['foo/resize'])
    expect(await run.ids({ search: '  ', type: '' })).toHaveLength(3)
    expect(await run.failure('skills::list', { search: 5 })).toMatchObject({ code: 'deserialization_error' })
  })
})
