// The trigger types of changed skills, prompts and profiles: one event for what a function does, `external` for what others do, by kind.
import { renameSync, symlinkSync, utimesSync } from 'node:fs'
import { expect, describe, test } from 'vitest'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from './run-skills.ts'

/** Resolves when what was changed before has been told: a file of the kind is changed by hand, and that told. */
async function barrier(run: SkillsRun): Promise<void> {
  const events = await run.events('skills')
  run.write('skills/barrier/a.md', String(Math.random()))
  await events.take(1)
}

describe('what a function does', () => {
  test('is told once, and never as the work of others', async () => {
    const run = await SkillsRun.start()
    const skills = await run.events('skills')
    const prompts = await run.events('prompts')
    const systemPrompts = await run.events('system-prompts')
    const agents = await run.events('agents')
    await run.call('skills::create', { id: 'foo/a', content: 'One.' })
    await run.call('skills::update', { id: 'foo/a', content: 'Two.' })
    await run.call('skills::delete', { id: 'foo/a' })
    await run.call('prompts::save', { name: 'p', content: markdown({ description: 'd' }) })
    await run.call('prompts::save', { name: 'p', content: markdown({ description: 'e' }) })
    await run.call('system-prompts::create', { name: 's', content: markdown({ description: 'd' }) })
    await run.call('system-prompts::update', { name: 's', content: markdown({ description: 'd', name: 't' }) })
    await run.call('system-prompts::delete', { name: 't' })
    await run.call('agents::create', { id: 'a', content: markdown({ name: 'A' }) })
    await run.call('agents::update', { id: 'a', content: markdown({ name: 'B' }) })
    await run.call('agents::delete', { id: 'a' })
    await barrier(run)
    const own = ({ op }: { op: string }): boolean => op !== 'external'
    expect(skills.items.filter(own)).toEqual([
      { op: 'create', namespace: 'foo', id: 'foo/a' },
      { op: 'update', namespace: 'foo', id: 'foo/a' },
      { op: 'delete', namespace: 'foo', id: 'foo/a' },
    ])
    expect(skills.items.filter((event) => !own(event))).toEqual([{ op: 'external', changed: ['barrier/a'], count: 1 }])
    expect(prompts.items).toEqual([
      { op: 'create', name: 'p' },
      { op: 'update', name: 'p' },
    ])
    expect(systemPrompts.items).toEqual([
      { op: 'create', name: 's' },
      { op: 'update', name: 't' },
      { op: 'delete', name: 't' },
    ])
    expect(agents.items).toEqual([
      { op: 'create', name: 'a' },
      { op: 'update', name: 'a' },
      { op: 'delete', name: 'a' },
    ])
  })

  test('and fails is not told', async () => {
    const run = await SkillsRun.start()
    const events = await run.events('skills')
    await run.failure('skills::update', { id: 'foo/a', content: 'One.' })
    await run.failure('skills::create', { id: 'foo/a', content: '' })
    await barrier(run)
    expect(events.items).toMatchObject([{ op: 'external', changed: ['barrier/a'] }])
  })

  test('in two engines is told by each: as its own, and as the work of others', async () => {
    const projectRoot = tempFolder()
    const one = await SkillsRun.start({ projectRoot })
    const other = await SkillsRun.start({ projectRoot })
    const own = await one.events('skills')
    const foreign = await other.events('skills')
    await one.call('skills::create', { id: 'foo/a', content: 'One.' })
    expect(await foreign.take(1)).toEqual([{ op: 'external', changed: ['foo/a'], count: 1 }])
    expect(own.items).toEqual([{ op: 'create', namespace: 'foo', id: 'foo/a' }])
  })
})

describe('what others do', () => {
  test('is told by kind, once for many files that change together', async () => {
    const run = await SkillsRun.start()
    const skills = await run.events('skills')
    const prompts = await run.events('prompts')
    const systemPrompts = await run.events('system-prompts')
    const agents = await run.events('agents')
    for (let n = 0; n < 150; n++) run.write(`skills/foo/s${n}.md`, 'Text.')
    run.write('skills/foo/prompts/p.md', 'Text.')
    run.write('.agents/skills/bar/SKILL.md', 'Text.')
    run.write('agents/painter.md', 'Text.')
    run.write('skills/foo/notes.txt', 'Text.')
    await Promise.all([skills.take(1), prompts.take(1), agents.take(1)])
    await barrier(run)
    const [first, ...more] = skills.items
    expect(first).toMatchObject({ op: 'external', count: 151 })
    expect(first.changed).toHaveLength(100)
    expect(more).toEqual([{ op: 'external', changed: ['barrier/a'], count: 1 }])
    expect(prompts.items).toEqual([{ op: 'external', changed: ['p'], count: 1 }])
    expect(agents.items).toEqual([{ op: 'external', changed: ['painter'], count: 1 }])
    expect(systemPrompts.items).toEqual([])
  })

  test('is told of a file that is edited, replaced, moved or deleted, and of a whole folder', async () => {
    const run = await SkillsRun.start()
    run.write('skills/foo/a.md', 'One.')
    run.write('skills/foo/deep/er/b.md', 'One.')
    const events = await run.events('skills')
    const told = async (change: () => void): Promise<string[]> => {
      const before = events.items.length
      change()
      return (await events.take(before + 1))[before].changed
    }
    expect(await told(() => run.write('skills/foo/a.md', 'Two.'))).toEqual(['foo/a'])
    expect(await told(() => renameSync(run.path('skills/foo/a.md'), run.path('skills/foo/c.md')))).toEqual([
      'foo/a',
      'foo/c',
    ])
    expect(await told(() => run.remove('skills/foo/c.md'))).toEqual(['foo/c'])
    expect(await told(() => renameSync(run.path('skills/foo'), run.path('skills/bar')))).toEqual([
      'bar/deep/er/b',
      'foo/deep/er/b',
    ])
    expect(await told(() => run.write('skills/bar/deep/er/b.md', 'Two.'))).toEqual(['bar/deep/er/b'])
    expect(await told(() => run.remove('skills'))).toEqual(['bar/deep/er/b'])
    expect(await told(() => run.write('skills/new/SKILL.md', 'Text.'))).toEqual(['new/index'])
    // Nothing is read any more but what it says.
    utimesSync(run.path('skills/new/SKILL.md'), new Date(), new Date('2026-01-01'))
    expect(await told(() => run.write('skills/new/d.md', 'Text.'))).toContain('new/d')
  })

  test('is told of a folder that did not exist, also by a link', async () => {
    const elsewhere = tempFolder()
    const run = await SkillsRun.start()
    const events = await run.events('skills')
    symlinkSync(elsewhere, run.path('skills'))
    run.write('skills/foo/a.md', 'Text.')
    expect(await events.take(1)).toEqual([{ op: 'external', changed: ['foo/a'], count: 1 }])
  })

  test('to a file that a function has just written is told beside it', async () => {
    const run = await SkillsRun.start()
    const events = await run.events('skills')
    await run.call('skills::create', { id: 'foo/a', content: 'One.' })
    run.write('skills/foo/a.md', 'By hand.')
    expect(await events.take(2)).toEqual([
      { op: 'create', namespace: 'foo', id: 'foo/a' },
      { op: 'external', changed: ['foo/a'], count: 1 },
    ])
  })
})

describe('a binding', () => {
  test('may say anything in its config, and hears nothing once it is gone', async () => {
    const run = await SkillsRun.start()
    const worker = run.engine.connect()
    const got: unknown[] = []
    worker.registerFunction('test::changed', (event: unknown) => void got.push(event))
    const { unregister } = await run.engine.bind({
      type: 'directory::skills::on-change',
      function_id: 'test::changed',
      config: { anything: [1] },
    })
    await run.call('skills::create', { id: 'foo/a', content: 'One.' })
    await expect.poll(() => got).toHaveLength(1)
    unregister()
    await run.call('skills::create', { id: 'foo/b', content: 'One.' })
    await barrier(run)
    expect(got).toHaveLength(1)
  })

  test('that comes while files are being written neither holds that up nor takes it for the work of others', async () => {
    const run = await SkillsRun.start()
    const create = (name: string): Promise<unknown>[] =>
      Array.from({ length: 20 }, (_, n) => run.call('skills::create', { id: `${name}/s${n}`, content: 'Text.' }))
    const before = create('before')
    const events = await run.events('skills')
    await Promise.all([...before, ...create('after')])
    await barrier(run)
    const external = events.items.filter(({ op }) => op === 'external')
    expect(external).toEqual([{ op: 'external', changed: ['barrier/a'], count: 1 }])
    expect(events.items.filter(({ namespace }) => namespace === 'after')).toHaveLength(20)
  })

  test('that fails, or never answers, holds up nobody', async () => {
    const run = await SkillsRun.start()
    const worker = run.engine.connect()
    worker.registerFunction('test::fails', () => {
      throw new Error('no')
    })
    worker.registerFunction('test::hangs', () => new Promise(() => {}))
    for (const function_id of ['test::fails', 'test::hangs', 'test::nowhere']) {
      await run.engine.bind({ type: 'directory::skills::on-change', function_id })
    }
    const events = await run.events('skills')
    for (let n = 0; n < 5; n++) await run.call('skills::create', { id: `foo/a${n}`, content: 'One.' })
    expect(await events.take(5)).toHaveLength(5)
  })
})
