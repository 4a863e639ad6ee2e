// Making, replacing and deleting skills: whole or not at all, once, and never in the place of something else.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lacks, mountSmallDisk, unmountDisk } from '../../../support/needs.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from './run-skills.ts'

describe('create', () => {
  test('writes the whole file and answers what a listing says', async () => {
    const run = await SkillsRun.start()
    const content = markdown({ title: 'T', type: 'how-to', function_id: 'foo::bar' })
    const made = await run.call('skills::create', { id: 'foo/how-to/bar', content })
    expect(run.read('skills/foo/how-to/bar.md')).toBe(content)
    const { skills } = await run.call('skills::list')
    expect({ ...made, description: 'Text.' }).toEqual(skills[0])
    expect(made).toMatchObject({
      id: 'foo/how-to/bar',
      title: 'T',
      type: 'how-to',
      function_id: 'foo::bar',
      bytes: content.length,
    })
    expect(readdirSync(run.path('skills/foo/how-to'))).toEqual(['bar.md'])
  })

  test('under a bare name makes its overview', async () => {
    const run = await SkillsRun.start()
    expect(await run.call('skills::create', { id: 'iii://foo.md', content: 'Text.' })).toMatchObject({
      id: 'foo/index',
    })
    expect(run.has('skills/foo/index.md')).toBe(true)
  })

  test('never overwrites: neither the same file nor another one of the same id', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', 'Old.')
    run.write('skills/bar/SKILL.md', 'Old.')
    mkdirSync(run.path('skills/foo/folder.md'))
    symlinkSync('nowhere', run.path('skills/foo/link.md'))
    for (const id of ['foo/a', 'bar', 'foo/folder', 'foo/link']) {
      const { code, message } = await run.failure('skills::create', { id, content: 'New.' })
      expect(code).toBe('D114')
      expect(message).toMatch(/^D114 exists: skill .* exists already\. Next: call directory::skills::update to /)
    }
    expect(run.read('skills/foo/a.md')).toBe('Old.')
    expect(readdirSync(run.path('skills/bar'))).toEqual(['SKILL.md'])
  })

  test('twice at once has one winner, of many and by two engines', async () => {
    const projectRoot = tempFolder()
    const runs = [await SkillsRun.start({ projectRoot }), await SkillsRun.start({ projectRoot })]
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) =>
        runs[n % 2]!.call('skills::create', { id: 'foo/a', content: `Number ${n}.` }),
      ),
    )
    const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []))
    expect(winners).toHaveLength(1)
    expect(runs[0]!.read('skills/foo/a.md')).toBe(`Number ${winners[0]}.`)
    const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    expect(new Set(codes)).toEqual(new Set(['D114']))
    expect(readdirSync(runs[0]!.path('skills/foo'))).toEqual(['a.md'])
  })

  test('and delete of a neighbour by two engines at once leave what was made', async () => {
    const projectRoot = tempFolder()
    const [one, other] = [await SkillsRun.start({ projectRoot }), await SkillsRun.start({ projectRoot })]
    for (let round = 0; round < 20; round++) {
      await one.call('skills::create', { id: `ns/old${round}`, content: 'Old.' })
      await Promise.all([
        one.call('skills::delete', { id: `ns/old${round}` }),
        other.call('skills::create', { id: `ns/new${round}`, content: 'New.' }),
      ])
      expect(await one.ids()).toEqual([`ns/new${round}`])
      await one.call('skills::delete', { id: `ns/new${round}` })
    }
    expect(readdirSync(one.path('skills'))).toEqual([])
  })

  test.each(['foo/prompts/a', 'prompts', 'foo/system-prompts/a', 'agents/a'])(
    'of %s is refused: kept for others',
    async (id) => {
      const run = await SkillsRun.start()
      for (const name of ['create', 'update', 'delete']) {
        if (name !== 'create' && !id.includes('/')) continue
        expect(await run.failure(`skills::${name}`, { id, content: 'Text.' })).toMatchObject({
          code: 'D115',
          message: expect.stringMatching(/^D115 reserved_id: .*Next: call directory::/),
        })
      }
      expect(run.has('skills')).toBe(false)
    },
  )

  test.each([
    ['empty', ''],
    ['blank', ' \n\t\n'],
    ['nothing but frontmatter', markdown({ title: 'T' }, '')],
    ['longer than 256 KiB', 'x'.repeat(256 * 1024 + 1)],
    ['longer than 256 KiB as bytes', 'ä'.repeat(128 * 1024 + 1)],
  ])('with content that is %s writes nothing, nor does update', async (_what, content) => {
    const run = await SkillsRun.start()
    expect(await run.failure('skills::create', { id: 'foo/a', content })).toMatchObject({ code: 'D213' })
    expect(run.has('skills/foo')).toBe(false)
    run.write('skills/foo/b.md', 'Old.')
    expect(await run.failure('skills::update', { id: 'foo/b', content })).toMatchObject({ code: 'D213' })
    expect(run.read('skills/foo/b.md')).toBe('Old.')
  })

  test('without content, or with another thing than text, is a deserialization error', async () => {
    const run = await SkillsRun.start()
    for (const input of [{ id: 'foo/a' }, { id: 'foo/a', content: 5 }, { id: 'foo/a', content: null }, []]) {
      expect(await run.failure('skills::create', input)).toMatchObject({ code: 'deserialization_error' })
    }
  })
})

describe('update', () => {
  test('replaces what is there, by any form of the id, and never makes anything', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/SKILL.md', 'Old.')
    expect(await run.call('skills::update', { id: 'foo', content: '# New\n\nText.' })).toMatchObject({
      id: 'foo/index',
      title: 'New',
    })
    expect(run.read('skills/foo/SKILL.md')).toBe('# New\n\nText.')
    expect(await run.failure('skills::update', { id: 'foo/indx', content: 'Text.' })).toMatchObject({
      code: 'D110',
      message: expect.stringContaining('Did you mean: foo/index.'),
    })
    expect(readdirSync(run.path('skills/foo'))).toEqual(['SKILL.md'])
  })

  test('keeps the rights of the file', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', 'Old.')
    chmodSync(run.path('skills/foo/a.md'), 0o600)
    await run.call('skills::update', { id: 'foo/a', content: 'New.' })
    expect(statSync(run.path('skills/foo/a.md')).mode & 0o777).toBe(0o600)
  })

  test('of many at once leaves one of them whole', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', 'Old.')
    const contents = Array.from({ length: 30 }, (_, n) => `${n} `.repeat(20_000))
    await Promise.all(contents.map((content) => run.call('skills::update', { id: 'foo/a', content })))
    expect(contents).toContain(run.read('skills/foo/a.md'))
  })
})

describe('delete', () => {
  test('removes the file and the folders that it leaves empty, and no others', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/deep/er/a.md', 'Text.')
    run.write('skills/foo/b.md', 'Text.')
    expect(await run.call('skills::delete', { id: 'iii://foo/deep/er/a.md' })).toEqual({ id: 'foo/deep/er/a' })
    expect(readdirSync(run.path('skills/foo'))).toEqual(['b.md'])
    await run.call('skills::delete', { id: 'foo/b' })
    expect(readdirSync(run.path('skills'))).toEqual([])
    expect(await run.failure('skills::delete', { id: 'foo/b' })).toMatchObject({ code: 'D110' })
  })

  test('answers the id that a short form meant', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/SKILL.md', 'Text.')
    expect(await run.call('skills::delete', { id: 'foo' })).toEqual({ id: 'foo/index' })
  })
})

describe('a disk that refuses', () => {
  test.skipIf(lacks('small disk'))(
    'because it is only read is told, and nothing is half written (needs small disk)',
    async () => {
      const disk = tempFolder()
      expect(mountSmallDisk(disk, '4m')).toBe(true)
      onTestFinished(() => unmountDisk(disk))
      const run = await SkillsRun.start({ skillsFolder: disk })
      await run.call('skills::create', { id: 'foo/a', content: 'Old.' })
      expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0)
      for (const [name, input] of [
        ['skills::create', { id: 'foo/b', content: 'New.' }],
        ['skills::update', { id: 'foo/a', content: 'New.' }],
        ['skills::delete', { id: 'foo/a' }],
        ['prompts::save', { name: 'p', content: markdown({ description: 'd' }) }],
      ] as const) {
        const { code, message } = await run.failure(name, input)
        expect(code).toBe('D900')
        expect(message).toMatch(/^D900 storage: .*EROFS.* Next: make the file system writable/)
      }
      expect(await run.call('skills::get', { id: 'foo/a' })).toMatchObject({ body: 'Old.' })
      expect(readdirSync(`${disk}/foo`)).toEqual(['a.md'])
    },
  )

  test.skipIf(lacks('small disk'))(
    'because it is full is told, and the old file stays (needs small disk)',
    async () => {
      const disk = tempFolder()
      expect(mountSmallDisk(disk, '256k')).toBe(true)
      onTestFinished(() => unmountDisk(disk))
      const run = await SkillsRun.start({ skillsFolder: disk })
      await run.call('skills::create', { id: 'foo/a', content: 'x'.repeat(150_000) })
      for (const [name, id] of [
        ['create', 'foo/b'],
        ['create', 'bar/b'],
        ['update', 'foo/a'],
      ]) {
        const { code, message } = await run.failure(`skills::${name}`, { id, content: 'y'.repeat(150_000) })
        expect(code).toBe('D900')
        expect(message).toMatch(/ENOSPC.* Next: make room on the disk\.$/)
      }
      expect(readdirSync(disk)).toEqual(['foo'])
      expect(readdirSync(`${disk}/foo`)).toEqual(['a.md'])
      expect((await run.call('skills::get', { id: 'foo/a' })).body).toBe('x'.repeat(150_000))
    },
  )

  test('because a file is in the place of a folder is told', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo', 'a file')
    expect(await run.failure('skills::create', { id: 'foo/a', content: 'Text.' })).toMatchObject({
      code: 'D900',
      message: expect.stringContaining('Next: move away the file'),
    })
  })
})
