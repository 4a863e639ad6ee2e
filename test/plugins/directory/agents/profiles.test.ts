// Profiles of agents: what a file says, and making, replacing and deleting one.
import { symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from '../skills/run-skills.ts'

const FRONT = {
  name: 'Painter',
  description: 'Paints.',
  logo: '🎨',
  skills: ['foo', 'foo/gone', 'https://x'],
  model: 'm-1',
  reasoning_effort: 'high',
  icon: 'brush',
  color: '#123456',
  extends: 'base',
}

test('a profile says all that its frontmatter has, and which skills there are not', async () => {
  const run = await SkillsRun.start()
  run.write('skills/foo/index.md', 'Text.')
  run.write('agents/painter.md', markdown(FRONT, 'You paint.\n'))
  run.write('agents/plain.md', markdown({ name: 'Plain' }))
  const { agents } = await run.call('agents::list')
  expect(agents).toEqual([
    {
      id: 'painter',
      name: 'Painter',
      description: 'Paints.',
      logo: '🎨',
      skill_count: 3,
      model: 'm-1',
      reasoning_effort: 'high',
      icon: 'brush',
      color: '#123456',
      modified_at: expect.any(String),
    },
    expect.objectContaining({ id: 'plain', description: null, logo: null, skill_count: null, model: null }),
  ])
  expect(await run.call('agents::get', { id: 'painter', raw: true })).toEqual({
    id: 'painter',
    name: 'Painter',
    description: 'Paints.',
    logo: '🎨',
    system_prompt: 'You paint.\n',
    skills: ['foo', 'foo/gone', 'https://x'],
    unknown_skills: ['foo/gone', 'https://x'],
    model: 'm-1',
    reasoning_effort: 'high',
    icon: 'brush',
    color: '#123456',
    extends: 'base',
    raw: markdown(FRONT, 'You paint.\n'),
    modified_at: agents[0].modified_at,
  })
})

test('files that are no profiles are passed over with a line in the log', async () => {
  const run = await SkillsRun.start()
  const outside = tempFolder()
  writeFileSync(`${outside}/secret.md`, markdown({ name: 'Secret' }))
  run.write('agents/a.md', 'No frontmatter.')
  run.write('agents/b.md', markdown({ description: 'No name.' }))
  run.write('agents/c.md', markdown({ name: 'C', skills: 'foo' }))
  run.write('agents/deep/d.md', markdown({ name: 'D' }))
  run.write('agents/Big.md', markdown({ name: 'E' }))
  symlinkSync(`${outside}/secret.md`, run.path('agents/f.md'))
  expect(await run.call('agents::list')).toEqual({ agents: [] })
  expect(run.logged('has no name')).toBe(true)
  expect(await run.failure('agents::get', { id: 'b' })).toMatchObject({ code: 'D213' })
  expect((await run.failure('agents::get', { id: 'f' })).message).toContain('leads out')
})

describe('a profile', () => {
  test('is made once, replaced and deleted', async () => {
    const run = await SkillsRun.start()
    const content = markdown({ name: 'One' })
    expect(await run.call('agents::create', { id: 'a', content })).toEqual({
      id: 'a',
      name: 'One',
      description: null,
      logo: null,
      bytes: content.length,
      modified_at: expect.any(String),
    })
    expect(await run.failure('agents::create', { id: 'a', content })).toMatchObject({ code: 'D414' })
    expect(await run.call('agents::update', { id: 'a', content: markdown({ name: 'Two' }) })).toMatchObject({
      name: 'Two',
    })
    expect(await run.call('agents::delete', { id: 'a' })).toEqual({ id: 'a' })
    for (const name of ['get', 'update', 'delete']) {
      expect(await run.failure(`agents::${name}`, { id: 'a', content })).toMatchObject({ code: 'D410' })
    }
    expect(await run.call('agents::list')).toEqual({ agents: [] })
  })

  test('that is not there is answered with near ones', async () => {
    const run = await SkillsRun.start()
    run.write('agents/painter.md', markdown({ name: 'P' }))
    expect((await run.failure('agents::get', { id: 'pointer' })).message).toBe(
      'D410 not_found: profile "pointer" does not exist. Did you mean: painter. Next: call directory::agents::list to see the ids that there are.',
    )
  })

  test.each(['../x', 'a/b', '', 'A', '/etc/passwd', 'a\0', 'x'.repeat(65)])('can not have the id %j', async (id) => {
    const run = await SkillsRun.start()
    for (const name of ['get', 'create', 'update', 'delete']) {
      expect(await run.failure(`agents::${name}`, { id, content: markdown({ name: 'N' }) })).toMatchObject({
        code: 'D412',
      })
    }
  })

  test.each([
    ['no frontmatter', 'Text.'],
    ['no name', markdown({ description: 'd' })],
    ['no text', markdown({ name: 'N' }, '')],
    ['skills that are no list', markdown({ name: 'N', skills: { a: 1 } })],
    ['too many skills', markdown({ name: 'N', skills: Array.from({ length: 201 }, () => 'a') })],
    ['more than 256 KiB', markdown({ name: 'N' }, 'x'.repeat(256 * 1024))],
  ])('is not made of content with %s', async (_what, content) => {
    const run = await SkillsRun.start()
    expect(await run.failure('agents::create', { id: 'a', content })).toMatchObject({ code: 'D213' })
    expect(run.has('agents/a.md')).toBe(false)
  })
})
