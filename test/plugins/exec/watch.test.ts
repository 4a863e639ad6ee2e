// Commands run again when files change (spec 04 part D): which changes count, that none is lost, and that there are never two runs.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../base/time/clock.ts'
import { FileWatch } from '../../../base/files/file-watch.ts'
import { mergeRoots, readPattern } from '../../../plugins/exec/watch/patterns.ts'
import { Collector } from '../../support/deadline.ts'
import { isAlive } from '../../support/process-alive.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { ExecRun, type ExecRunOptions } from './run-exec.ts'

/** Says that it runs, and runs. */
const SERVES = ['echo pid $$; exec sleep 1000']

interface Changed {
  readonly files: readonly string[]
  readonly count: number
}

async function serving(watch: readonly string[], files: Readonly<Record<string, string>>, more: ExecRunOptions = {}) {
  const run = await ExecRun.start({ exec: SERVES, watch }, { files, ...more })
  const pids: number[] = []
  const started = async (): Promise<number> => {
    pids.push(Number((await run.output('pid ', pids.length + 1)).slice(4)))
    return pids.at(-1)!
  }
  await started()
  /** What led to the next run, which has begun then. */
  const again = async (): Promise<Changed> => {
    const { data } = await run.logged('files have changed', pids.length)
    await started()
    return data as Changed
  }
  return { run, again, pids }
}

describe('a change that counts', () => {
  test.each<[string, (run: ExecRun) => void, string[]]>([
    ['a file that is written', (run) => run.write('src/a.ts'), ['src/a.ts']],
    ['a new file', (run) => run.write('src/new.ts'), ['src/new.ts']],
    ['a file that is removed', (run) => run.remove('src/a.ts'), ['src/a.ts']],
    ['a file that gets another name', (run) => run.rename('src/a.ts', 'src/b.ts'), ['src/a.ts', 'src/b.ts']],
    ['a file that is renamed into the set', (run) => run.rename('src/note.txt', 'src/b.ts'), ['src/b.ts']],
    ['a file that is renamed out of the set', (run) => run.rename('src/a.ts', 'src/a.txt'), ['src/a.ts']],
    ['a file that another takes the place of', (run) => run.rename('src/note.txt', 'src/a.ts'), ['src/a.ts']],
    ['a file in a folder below', (run) => run.write('src/lib/deep.ts'), ['src/lib/deep.ts']],
    ['a file in a new folder', (run) => run.write('src/new/deeper/x.ts'), ['src/new/deeper/x.ts']],
    ['a folder that is removed', (run) => run.remove('src/lib'), ['src/lib/deep.ts']],
    [
      'a folder that gets another name',
      (run) => run.rename('src/lib', 'src/bib'),
      ['src/bib/deep.ts', 'src/lib/deep.ts'],
    ],
  ])('%s', async (_what, change, expected) => {
    const files = { 'src/a.ts': '1', 'src/note.txt': 'a longer text', 'src/lib/deep.ts': '1' }
    const { run, again } = await serving(['src/**/*.ts'], files)
    change(run)
    const { files: changed, count } = await again()
    expect(changed.toSorted()).toEqual(expected)
    expect(count).toBe(expected.length)
  })
})

describe('a change that does not count', () => {
  test.each<[string, (run: ExecRun) => void]>([
    ['other rights', (run) => chmodSync(join(run.folder, 'src/a.ts'), 0o600)],
    ['a new folder', (run) => mkdirSync(join(run.folder, 'src/empty.ts'))],
    ['a file with another extension', (run) => run.write('src/a.tsx')],
    ['a file without an extension', (run) => run.write('src/ts')],
    ['a file beside the folder', (run) => run.write('other.ts')],
    ['a package', (run) => run.write('src/node_modules/pack/index.ts')],
    ['a folder reached by a link', (run) => symlinkSync(join(run.folder, 'elsewhere'), join(run.folder, 'src/link'))],
  ])('%s', async (_what, change) => {
    const files = { 'src/a.ts': '1', 'src/b.ts': '1', 'elsewhere/c.ts': '1' }
    const { run, again } = await serving(['src/**/*.ts'], files)
    change(run)
    // Both fall into one burst, or not: only one of them is told.
    run.write('src/b.ts')
    expect(await again()).toEqual({ files: ['src/b.ts'], count: 1 })
    expect(run.logs('files have changed')).toHaveLength(1)
  })

  test('a file below a folder whose pattern has one star', async () => {
    const { run, again } = await serving(['src/*.ts'], { 'src/lib/deep.ts': '1' })
    run.write('src/lib/deep.ts')
    run.write('src/a.ts')
    expect(await again()).toEqual({ files: ['src/a.ts'], count: 1 })
  })

  test('what the engine keeps in its folder', async () => {
    const { run, again } = await serving(['**/*.json'], { 'data/engine/functions.json': '1' })
    run.write('data/engine/functions.json')
    run.write('package.json')
    expect(await again()).toEqual({ files: ['package.json'], count: 1 })
  })
})

describe('another run', () => {
  test('begins when the one before is gone, killed at once, with the first command', async () => {
    const run = await ExecRun.start(
      { exec: ['echo build', `node stubborn.cjs`], watch: ['src/*.ts'] },
      {
        files: {
          'src/a.ts': '1',
          'stubborn.cjs': `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('pid ' + process.pid)`,
        },
      },
    )
    const pid = Number((await run.output('pid ')).slice(4))
    run.write('src/a.ts')
    await run.output('build', 2)
    expect(isAlive(pid)).toBe(false)
    expect((await run.logged("process 'node stubborn.cjs' ended")).data).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('begins with the first command when a step had failed', async () => {
    const run = await ExecRun.start(
      { exec: ['grep -q right src/a.ts', 'echo built'], watch: ['src/*.ts'] },
      { files: { 'src/a.ts': 'wrong' } },
    )
    await run.logged('Pipeline step failed')
    run.write('src/a.ts', 'right')
    await run.output('built')
    expect(run.problem).toBeUndefined()
  })

  test('begins when a command was given up, with all restarts', async () => {
    const run = await ExecRun.start(
      { exec: ['cat src/a.ts; exit 1'], watch: ['src/*.ts'], max_restarts: 1 },
      { files: { 'src/a.ts': 'one\n' } },
    )
    await run.logged('is not started again')
    run.write('src/a.ts', 'two\n')
    await run.logged('is not started again', 2)
    expect(run.outputs).toEqual(['one', 'one', 'two', 'two'])
  })

  test('begins when nothing could be started, once files come', async () => {
    const run = await ExecRun.start({ exec: ['echo runs'], watch: ['**/*.ts'] }, { isListening: false })
    run.remove('')
    run.host.listening('ws://127.0.0.1:1')
    await run.logged('could not be started')
    run.write('src/a.ts')
    await run.output('runs')
  })

  test('is one for a thousand changes, or a few, and sees the last of them; never are there two at once', async () => {
    // Each looks for those before it.
    const alone =
      'for pid in $(cat pids 2>/dev/null); do kill -0 $pid 2>/dev/null && echo not alone; done; echo $$ >> pids'
    const files = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`src/file-${index}.ts`, '0']))
    const run = await ExecRun.start(
      { exec: [`${alone}; cat src/last.txt; exec sleep 1000`], watch: ['src/*.ts', 'src/*.txt'] },
      { files: { ...files, 'src/last.txt': '0\n' } },
    )
    await run.output('0')
    for (let index = 0; index < 1_000; index++) run.write(`src/file-${index}.ts`)
    run.write('src/last.txt', 'the last\n')
    await run.output('the last')
    const changes = run.logs('files have changed').map(({ data }) => data as Changed)
    expect(changes.length).toBeLessThan(100)
    expect(changes.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(1_001)
    expect(changes.every((change) => change.files.length === Math.min(5, change.count))).toBe(true)
    expect(run.outputs).not.toContain('not alone')
  })

  test('follows a change that comes while the one before is being ended', async () => {
    const run = await ExecRun.start(
      { exec: ['cat src/a.ts; exec sleep 1000'], watch: ['src/*.ts'] },
      { files: { 'src/a.ts': 'one\n' } },
    )
    await run.output('one')
    run.write('src/a.ts', 'two\n')
    await run.logged('files have changed')
    run.write('src/a.ts', 'three\n')
    await run.output('three')
  })
})

describe('folders', () => {
  test('that are deleted and made again are followed', async () => {
    const { run, again } = await serving(['src/**/*.ts'], { 'src/lib/a.ts': '1' })
    run.remove('src')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
    run.write('src/lib/a.ts', '2')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
    run.write('src/lib/a.ts', 'three')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
  })

  test('without a file that matches are warned about, and followed all the same', async () => {
    const { run, again } = await serving(['src/**/*.ts', 'lib/*.js', 'there/*.css'], { 'there/a.html': '' })
    const warnings = run.logs('nothing matches')
    expect(warnings.map(({ level, message }) => [level, message])).toEqual([
      ['warn', `nothing matches 'src/**/*.ts' in 'watch' yet: there is no folder '${run.folder}/src'`],
      ['warn', `nothing matches 'lib/*.js' in 'watch' yet: there is no folder '${run.folder}/lib'`],
      ['warn', `nothing matches 'there/*.css' in 'watch' yet: no file in '${run.folder}/there' has such a name`],
    ])
    run.write('lib/b.js')
    expect(await again()).toEqual({ files: ['lib/b.js'], count: 1 })
  })

  test('that can not be read are warned about', async () => {
    const { run } = await serving([`${'x'.repeat(300)}/*.ts`], {})
    expect(await run.logged('changed files may not be noticed: ENAMETOOLONG')).toMatchObject({ level: 'warn' })
  })

  test('of the same name are one, which is watched with what is below it if one pattern says so', async () => {
    const { run, again } = await serving(['src/*.ts', 'src/**/*.css'], { 'src/lib/a.ts': '1', 'src/a.css': '' })
    run.write('src/lib/a.ts')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
  })

  test('that are watched by several patterns are told of once', async () => {
    const { run, again } = await serving(['**/*.ts', 'src/**/*.ts'], { 'src/lib/a.ts': '1' })
    run.write('src/lib/a.ts')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
    run.remove('src/lib')
    expect(await again()).toEqual({ files: ['src/lib/a.ts'], count: 1 })
  })

  test('beyond the limit are not watched, which is told once', async () => {
    const folder = tempFolder()
    for (const name of ['a', 'b', 'c', 'd']) mkdirSync(join(folder, name))
    const told: number[] = []
    const changes = new Collector<readonly string[]>()
    const watch = new FileWatch({
      clock: systemClock,
      onChange: changes.add,
      onError: (error) => expect.unreachable(error.message),
      onTooMany: (limit) => told.push(limit),
      isLeftOut: () => false,
      maxFolders: 3,
    })
    onTestFinished(() => watch.close())
    await watch.begin(mergeRoots([readPattern('**/*.ts', folder)]))
    expect(told).toEqual([3])
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(folder, name, 'x.ts'), '')
    const [files = []] = await changes.take(1)
    expect(files).toHaveLength(2)
    expect(told).toEqual([3])
  })

  test('a plugin that has stopped watches nothing', async () => {
    const { run, pids } = await serving(['src/*.ts'], { 'src/a.ts': '1' })
    await run.host.stop()
    run.write('src/a.ts')
    expect(pids.some(isAlive)).toBe(false)
    expect(run.logs('files have changed')).toEqual([])
  })
})
