// Prompts and system prompts: which files are some, reading, making, renaming and deleting them.
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from '../skills/run-skills.ts'

describe.each([
  ['prompts', 'system-prompts'],
  ['system-prompts', 'prompts'],
])('%s', (kind, otherKind) => {
  test('are files with a description in folders of that name; others are passed over with a line in the log', async () => {
    const run = await SkillsRun.start()
    run.write(`skills/foo/${kind}/p.md`, 'No frontmatter.')
    run.write(`skills/foo/${kind}/q.md`, markdown({ title: 'No description' }))
    run.write(`skills/foo/${kind}/r.md`, markdown({ description: '' }))
    run.write(`skills/foo/${kind}/s.md`, markdown({ description: 'd', name: 'Not A Name' }))
    run.write(`skills/foo/${kind}/t.md`, markdown({ description: 'd' }, ''))
    run.write(`skills/foo/${otherKind}/other.md`, markdown({ description: 'd' }))
    expect(await run.call(`${kind}::list`)).toEqual({ prompts: [] })
    expect(run.logged('p.md')).toBe(true)
    run.write(`skills/foo/${kind}/p.md`, markdown({ description: 'Says\nwhat.' }, 'Body.\n'))
    run.write(`skills/${kind}/u.md`, markdown({ description: 'd', name: 'a-name' }))
    const { prompts } = await run.call(`${kind}::list`)
    expect(prompts).toEqual([
      { name: 'a-name', description: 'd', modified_at: expect.any(String) },
      { name: 'p', description: 'Says what.', modified_at: expect.any(String) },
    ])
    expect(await run.call(`${kind}::get`, { name: 'p' })).toEqual({ ...prompts[1], body: 'Body.\n' })
    expect(await run.call(`${kind}::get`, { name: 'a-name', raw: true })).toMatchObject({
      raw: markdown({ description: 'd', name: 'a-name' }),
    })
  })

  test('that do not exist, or have an impossible name, are refused in words', async () => {
    const run = await SkillsRun.start()
    run.write(`skills/foo/${kind}/resize.md`, markdown({ description: 'd' }))
    const { code, message } = await run.failure(`${kind}::get`, { name: 'resise' })
    expect(code).toBe('D210')
    expect(message).toBe(
      `D210 not_found: prompt "resise" does not exist. Did you mean: resize. Next: call directory::${kind}::list to see the names that there are.`,
    )
    for (const name of ['../x', 'a/b', '', 'A', 'x'.repeat(65), 'a\0']) {
      expect(await run.failure(`${kind}::get`, { name })).toMatchObject({ code: 'D212' })
    }
    expect(await run.failure(`${kind}::get`, {})).toMatchObject({ code: 'deserialization_error' })
  })
})

test('of two prompts of one name the first file counts', async () => {
  const run = await SkillsRun.start({ localSkillsFolder: './own' })
  run.write('own/prompts/p.md', markdown({ description: 'own' }))
  run.write('skills/a/prompts/p.md', markdown({ description: 'a' }))
  expect((await run.call('prompts::list')).prompts).toMatchObject([{ name: 'p', description: 'own' }])
  expect(run.logged('another file is the prompt')).toBe(true)
})

describe('prompts::save', () => {
  test('makes a prompt and replaces it, also where another worker brought it', async () => {
    const run = await SkillsRun.start()
    const made = await run.call('prompts::save', { name: 'p', content: markdown({ description: 'One' }) })
    expect(made).toEqual({ name: 'p', description: 'One', bytes: expect.any(Number), modified_at: expect.any(String) })
    await run.call('prompts::save', { name: 'p', content: markdown({ description: 'Two' }) })
    expect((await run.call('prompts::list')).prompts).toMatchObject([{ name: 'p', description: 'Two' }])
    run.write('skills/foo/prompts/q.md', markdown({ description: 'd' }))
    await run.call('prompts::save', { name: 'q', content: markdown({ description: 'Saved', name: 'q' }) })
    expect(run.read('skills/foo/prompts/q.md')).toContain('Saved')
  })

  test('never renames', async () => {
    const run = await SkillsRun.start()
    const content = markdown({ description: 'd', name: 'other' })
    expect(await run.failure('prompts::save', { name: 'p', content })).toMatchObject({ code: 'D213' })
    run.write('skills/foo/prompts/file.md', markdown({ description: 'd', name: 'p' }))
    expect(await run.failure('prompts::save', { name: 'p', content: markdown({ description: 'd' }) })).toMatchObject({
      code: 'D213',
      message: expect.stringContaining("write 'name: p'"),
    })
  })
})

describe('system-prompts', () => {
  test('are made once, replaced, renamed and deleted', async () => {
    const run = await SkillsRun.start()
    const content = markdown({ description: 'One', name: 'p' })
    expect(await run.call('system-prompts::create', { name: 'p', content })).toMatchObject({
      name: 'p',
      description: 'One',
    })
    expect(await run.failure('system-prompts::create', { name: 'p', content })).toMatchObject({
      code: 'D214',
      message: expect.stringContaining('call directory::system-prompts::update to replace it'),
    })
    await run.call('system-prompts::update', { name: 'p', content: markdown({ description: 'Two' }) })
    expect(await run.call('system-prompts::get', { name: 'p' })).toMatchObject({ description: 'Two' })

    const renamed = markdown({ description: 'Three', name: 'q' })
    expect(await run.call('system-prompts::update', { name: 'p', content: renamed })).toMatchObject({ name: 'q' })
    expect((await run.call('system-prompts::list')).prompts).toMatchObject([{ name: 'q', description: 'Three' }])
    expect(run.has('skills/system-prompts/p.md')).toBe(false)
    await run.call('system-prompts::create', { name: 'p', content: markdown({ description: 'Again' }) })
    expect(await run.failure('system-prompts::update', { name: 'p', content: renamed })).toMatchObject({ code: 'D214' })

    expect(await run.call('system-prompts::delete', { name: 'q' })).toEqual({ name: 'q' })
    expect(await run.failure('system-prompts::delete', { name: 'q' })).toMatchObject({ code: 'D210' })
    expect((await run.call('system-prompts::list')).prompts).toMatchObject([{ name: 'p' }])
  })

  test('are not made in the place of a file that has another name', async () => {
    const run = await SkillsRun.start()
    run.write('skills/system-prompts/p.md', markdown({ description: 'd', name: 'other' }))
    expect(
      await run.failure('system-prompts::create', { name: 'p', content: markdown({ description: 'd' }) }),
    ).toMatchObject({
      code: 'D214',
    })
  })

  test('made twice at once by two engines have one winner', async () => {
    const projectRoot = tempFolder()
    const runs = [await SkillsRun.start({ projectRoot }), await SkillsRun.start({ projectRoot })]
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        runs[n % 2]!.call('system-prompts::create', { name: 'p', content: markdown({ description: `Number ${n}` }) }),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test.each([
    ['has no frontmatter', 'Text.'],
    ['has frontmatter that is no YAML', '---\ndescription: [\n---\nText.'],
    ['has no description', markdown({ name: 'p' })],
    ['is empty', markdown({ description: 'd' }, '')],
    ['is too long', markdown({ description: 'd' }, 'x'.repeat(256 * 1024))],
    ['has another name', markdown({ description: 'd', name: 'q' })],
    ['has an impossible name', markdown({ description: 'd', name: '../q' })],
  ])('whose content %s are not made', async (_what, content) => {
    const run = await SkillsRun.start()
    expect(await run.failure('system-prompts::create', { name: 'p', content })).toMatchObject({
      code: 'D213',
      message: expect.stringMatching(/^D213 invalid_content: /),
    })
    expect(run.has('skills/system-prompts/p.md')).toBe(false)
  })
})
