// Downloads from a git repository, which git fetches: here from repositories on this disk.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { lacks } from '../../../support/needs.ts'
import { tempFolder } from '../../../support/temp-folder.ts'
import { SkillsRun, markdown } from './run-skills.ts'

interface Repo {
  readonly url: string
  readonly folder: string
  commit(files: Readonly<Record<string, string>>, branch?: string): void
}

function git(folder: string, ...args: readonly string[]): void {
  const identity = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false']
  const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}

function makeRepo(files: Readonly<Record<string, string>>): Repo {
  const folder = tempFolder()
  git(folder, 'init', '--quiet', '--initial-branch=main')
  const repo: Repo = {
    url: `file://${folder}`,
    folder,
    commit(changed, branch) {
      if (branch !== undefined) git(folder, 'checkout', '--quiet', '-B', branch)
      for (const [path, text] of Object.entries(changed)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      git(folder, 'add', '-A')
      git(folder, 'commit', '--quiet', '-m', 'Change')
    },
  }
  repo.commit(files)
  return repo
}

const FILES = {
  'README.md': 'Not this.',
  'skills/paint/SKILL.md': markdown({ name: 'paint', description: 'Paints.' }, '# Paint\n'),
  'skills/paint/how-to/mix.md': '# Mix',
  'skills/paint/prompts/p.md': markdown({ description: 'A prompt' }),
  'skills/paint/system-prompts/s.md': markdown({ description: 'A system prompt', name: 'sys' }),
  'skills/paint/agents/painter.md': markdown({ name: 'Painter' }),
  'skills/paint/agents/notes.md': 'No profile.',
  'skills/paint/scripts/run.sh': 'exit 1',
  'skills/other/index.md': 'Other.',
}

describe.skipIf(lacks('git'))('from a repository (needs git)', () => {
  test('brings the folder of one skill, by kind, and leaves nothing else behind', async () => {
    const repo = makeRepo(FILES)
    const run = await SkillsRun.start()
    const events = await run.events('agents')
    const answer = await run.call('skills::download', { repo: repo.url, skill: 'paint' })
    expect(answer).toEqual({
      namespace: 'paint',
      skills_written: ['paint/SKILL.md', 'paint/how-to/mix.md'],
      prompts_written: ['p'],
      system_prompts_written: ['sys'],
      agents_written: ['painter'],
      source: { kind: 'repo', repo: repo.url, skill: 'paint', branch: 'main' },
    })
    expect(await run.ids()).toEqual(['paint/how-to/mix', 'paint/index'])
    expect((await run.call('prompts::list')).prompts).toMatchObject([{ name: 'p' }])
    expect((await run.call('system-prompts::list')).prompts).toMatchObject([{ name: 'sys' }])
    expect((await run.call('agents::list')).agents).toMatchObject([{ id: 'painter' }])
    expect(await events.take(1)).toEqual([{ op: 'download', namespace: 'paint', source: 'repo' }])
    expect(readdirSync(run.path('data/plugins/iii-directory/clones'))).toEqual([])
    expect(run.has('skills/paint/scripts')).toBe(false)
  })

  test('of a branch brings that, and again what has changed', async () => {
    const repo = makeRepo(FILES)
    repo.commit({ 'skills/paint/new.md': '# One' }, 'feature/x')
    const run = await SkillsRun.start()
    const input = { repo: repo.url, skill: 'paint', branch: 'feature/x' }
    await run.call('skills::download_from_repo', input)
    repo.commit({ 'skills/paint/new.md': '# Two' })
    await run.call('skills::download_from_repo', input)
    expect(await run.call('skills::get', { id: 'paint/new' })).toMatchObject({ title: 'Two' })
  })

  test('never overwrites a profile', async () => {
    const repo = makeRepo(FILES)
    const run = await SkillsRun.start()
    run.write('agents/painter.md', markdown({ name: 'Mine' }))
    expect(await run.call('skills::download', { repo: repo.url, skill: 'paint' })).toMatchObject({ agents_written: [] })
    expect(run.read('agents/painter.md')).toContain('Mine')
  })

  test('without such a skill or branch says so', async () => {
    const repo = makeRepo(FILES)
    const run = await SkillsRun.start()
    const { code, message } = await run.failure('skills::download', { repo: repo.url, skill: 'pant' })
    expect(code).toBe('D310')
    expect(message).toContain('Did you mean: paint.')
    const branch = await run.failure('skills::download', { repo: repo.url, skill: 'paint', branch: 'nope' })
    expect(branch.code).toBe('D320')
    expect(branch.message).toMatch(/^D320 unreachable: the branch 'nope' of file:.*not found.* Next: check the URL/)
    const nowhere = await run.failure('skills::download', { repo: 'file:///nowhere/at/all', skill: 'paint' })
    expect(nowhere.code).toBe('D320')
    expect(run.has('skills')).toBe(false)
    expect(readdirSync(run.path('data/plugins/iii-directory/clones'))).toEqual([])
  })

  test('with a link that leads out of the skill brings nothing', async () => {
    const outside = tempFolder()
    writeFileSync(`${outside}/secret.md`, 'Secret.')
    const repo = makeRepo(FILES)
    symlinkSync(`${outside}/secret.md`, `${repo.folder}/skills/paint/secret.md`)
    repo.commit({})
    const run = await SkillsRun.start()
    expect(await run.failure('skills::download', { repo: repo.url, skill: 'paint' })).toMatchObject({
      code: 'D311',
      message: expect.stringContaining('leads out'),
    })
    expect(run.has('skills')).toBe(false)
  })

  test('whose skill is a link to a folder outside brings nothing', async () => {
    const outside = tempFolder()
    writeFileSync(`${outside}/secret.md`, 'Secret.')
    const repo = makeRepo({ 'README.md': 'Text.' })
    mkdirSync(`${repo.folder}/skills`)
    symlinkSync(outside, `${repo.folder}/skills/paint`)
    repo.commit({})
    const run = await SkillsRun.start()
    expect(await run.failure('skills::download', { repo: repo.url, skill: 'paint' })).toMatchObject({ code: 'D310' })
    expect(run.has('skills')).toBe(false)
  })

  test('runs no hook that templates of git would bring', async () => {
    const repo = makeRepo(FILES)
    const template = tempFolder()
    const witness = join(tempFolder(), 'ran')
    mkdirSync(`${template}/hooks`)
    writeFileSync(`${template}/hooks/post-checkout`, `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 })
    vi.stubEnv('GIT_TEMPLATE_DIR', template)
    const run = await SkillsRun.start()
    await run.call('skills::download', { repo: repo.url, skill: 'paint' })
    expect(readdirSync(dirname(witness))).toEqual([])
  })

  test('that does not answer ends at the deadline, and so does git', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const sockets = new Set<{ destroy(): void }>()
    silent.on('connection', (socket) => sockets.add(socket))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const run = await SkillsRun.start({ downloadTimeoutMs: () => 1_000 })
    const repo = `http://user:secret@127.0.0.1:${(silent.address() as AddressInfo).port}/x.git`
    const { code, message } = await run.failure('skills::download', { repo, skill: 'paint' })
    expect(code).toBe('D320')
    expect(message).toContain('within 1000 ms')
    expect(message).not.toContain('secret')
    expect(JSON.stringify(run.host.log.lines)).not.toContain('secret')
    expect(readdirSync(run.path('data/plugins/iii-directory/clones'))).toEqual([])
  })

  test('asks nobody for a password', async () => {
    const { createServer: createHttpServer } = await import('node:http')
    const server = createHttpServer((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const run = await SkillsRun.start()
    const repo = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`
    expect(await run.failure('skills::download', { repo, skill: 'paint' })).toMatchObject({ code: 'D320' })
  })
})

test('without git is refused in words', async () => {
  const empty = tempFolder()
  vi.stubEnv('PATH', empty)
  const run = await SkillsRun.start()
  const { code, message } = await run.failure('skills::download', { repo: 'https://example.invalid/x', skill: 'paint' })
  expect(code).toBe('D320')
  expect(message).toContain('install git')
})

test.each([
  ['of another helper', 'ext::sh -c "touch /tmp/x"'],
  ['of the protocol of git', 'git://host/x'],
  ['short', 'owner/name'],
  ['as ssh takes it', 'git@host:owner/name'],
  ['that is a path', '/srv/repo'],
  ['that is an option', '--upload-pack=touch /tmp/x'],
  ['with an option for a host', 'ssh://-oProxyCommand=x/y'],
  ['with a line break', 'https://host/x\ny'],
  ['of a script', 'javascript:alert(1)'],
])('a repository %s is refused before git is started', async (_what, repo) => {
  const run = await SkillsRun.start()
  expect(await run.failure('skills::download', { repo, skill: 'paint' })).toMatchObject({
    code: 'D311',
    message: expect.stringContaining('https://, http://, ssh:// or file://'),
  })
  expect(run.has('data/plugins/iii-directory/clones')).toBe(false)
})

test.each([
  '--upload-pack=x',
  '-b',
  '../x',
  'a..b',
  '/x',
  'x/',
  'x.lock',
  'a b',
  'a\nb',
  'x'.repeat(300),
  'a:b',
  'a~1',
  '@{u}',
])('a branch %j is refused before git is started', async (branch) => {
  const run = await SkillsRun.start()
  expect(await run.failure('skills::download', { repo: 'file:///x', skill: 'paint', branch })).toMatchObject({
    code: 'D311',
    message: expect.stringContaining('`branch`'),
  })
})
