// `context.processes`: processes that plugins start belong to the host, which logs and bounds them and ends them with their generation.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RawClient } from '../../../support/raw-client.ts'
import { isAlive } from '../../../support/process-alive.ts'
import { EngineFolder, LISTENER, pluginFile } from '../../engine/running-engine.ts'

/** Starts what it is told to, and stops it by its pid. */
const runner = (more = '') =>
  pluginFile(
    'runner',
    `const running = new Map()
     const lines = []
     iii.registerFunction('runner::start', async ({ heard, ...options }) => {
       if (heard) options.onLine = (line, stream) => lines.push([stream, line])
       const started = await processes.start(options)
       running.set(started.pid, started)
       return started.pid
     })
     iii.registerFunction('runner::exited', ({ pid }) => running.get(pid).exited)
     iii.registerFunction('runner::stop', async ({ pid, ...how }) => { await running.get(pid).stop(how) })
     iii.registerFunction('runner::lines', () => lines)
     iii.registerFunction('runner::crash', () => new Promise(() => setImmediate(() => { throw new Error('crash') })))`,
    more,
  ).replace('{ iii, config, engine }', '{ iii, processes }')

/** Ignores SIGTERM. */
const STUBBORN = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6); console.log('ready')`

async function start(entry = '{ name: runner }', plugin = runner(), ...others: string[]) {
  const folder = new EngineFolder()
  folder.write('plugins/runner.ts', plugin)
  folder.configure(LISTENER, entry, ...others)
  await folder.start()
  const worker = await folder.connect()
  return { folder, worker }
}

async function run(worker: RawClient, command: string, args: string[] = [], more: object = {}): Promise<number> {
  const { result, error } = await worker.call('runner::start', { command, args, ...more })
  expect(error).toBeUndefined()
  return result as number
}

const node = (worker: RawClient, source: string, more: object = {}): Promise<number> =>
  run(worker, process.execPath, ['-e', source], { name: 'job', ...more })

const exit = async (worker: RawClient, pid: number): Promise<unknown> =>
  (await worker.call('runner::exited', { pid })).result

const gone = (pid: number): Promise<void> =>
  expect.poll(() => isAlive(pid), { timeout: 5_000, interval: 20 }).toBe(false)

describe.each(['thread', 'shared', 'process'])('with isolation: %s', (isolation) => {
  test('a process runs where and with what it is told, is logged with its name, and its exit code is told', async () => {
    const { folder, worker } = await start(`{ name: runner, isolation: ${isolation} }`)
    folder.write('work/file.txt', 'here')
    const source = `console.log(process.env.GREETING, require('fs').readFileSync('file.txt', 'utf8')); console.error('oh'); process.exitCode = 7`
    const pid = await node(worker, source, { cwd: 'work', env: { GREETING: 'hello' } })
    expect(await exit(worker, pid)).toEqual({ code: 7, signal: null })
    expect(await folder.logged('hello here')).toMatchObject({ plugin: 'runner', process: 'job', stream: 'stdout' })
    expect(await folder.logged('oh')).toMatchObject({ plugin: 'runner', process: 'job', stream: 'stderr' })
    expect(await folder.logged("process 'job' started")).toMatchObject({ level: 'debug', pid })
    expect(await folder.logged("process 'job' ended")).toMatchObject({ level: 'info', code: 7, signal: null })
    expect(isAlive(pid)).toBe(false)
  })

  test('its processes end with the generation that started them, grandchildren too', async () => {
    const { folder, worker } = await start(`{ name: runner, isolation: ${isolation} }`)
    const pid = await run(worker, 'sh', ['-c', 'sleep 1000 & echo child $!; wait'], { name: 'shell' })
    const grandchild = Number((await folder.logged('child ')).msg.slice(6))
    await worker.call('engine::plugins::reload', { name: 'runner' })
    expect(isAlive(pid)).toBe(false)
    await gone(grandchild)
    expect(await folder.logged("process 'shell' ended")).toMatchObject({ signal: 'SIGTERM' })
  })

  test('its processes end when the plugin crashes', async () => {
    const { worker } = await start(`{ name: runner, isolation: ${isolation} }`)
    const pid = await run(worker, 'sleep', ['1000'])
    void worker.call('runner::crash')
    await gone(pid)
  })
})

describe('stop', () => {
  test('gives the process its time, then kills it', async () => {
    const { folder, worker } = await start()
    const pid = await node(worker, STUBBORN)
    await folder.logged('ready')
    await worker.call('runner::stop', { pid, graceMs: 100 })
    expect(await exit(worker, pid)).toEqual({ code: null, signal: 'SIGKILL' })
  })

  test('lets a process end by itself that does so in time', async () => {
    const { folder, worker } = await start()
    const source = `process.on('SIGTERM', () => { console.log('bye'); process.exit(3) }); setInterval(() => {}, 1e6); console.log('ready')`
    const pid = await node(worker, source)
    await folder.logged('ready')
    await worker.call('runner::stop', { pid })
    expect(await exit(worker, pid)).toEqual({ code: 3, signal: null })
    await folder.logged('bye')
  })

  test('what a process leaves behind when it ends is ended too', async () => {
    const { folder, worker } = await start()
    const pid = await run(worker, 'sh', ['-c', 'sleep 1000 & echo child $!'], { name: 'shell' })
    const grandchild = Number((await folder.logged('child ')).msg.slice(6))
    expect(await exit(worker, pid)).toEqual({ code: 0, signal: null })
    await gone(grandchild)
  })

  test('what has ended, and nobody asks after, holds nothing up', async () => {
    // In the group is a child of a process outside of it, which never waits for its child.
    const source = `$| = 1; $SIG{TERM} = sub { exit 3 };
      unless (fork) { unless (fork) { $SIG{TERM} = 'DEFAULT'; sleep 1000; exit } setpgrp(0, 0); print "outside $$\\n"; sleep 1000; exit }
      sleep 1000`
    const { folder, worker } = await start()
    const pid = await run(worker, 'perl', ['-e', source], { name: 'job', stop_ms: 600_000 })
    const outside = Number((await folder.logged('outside ')).msg.slice(8))
    onTestFinished(() => void process.kill(outside, 'SIGKILL'))
    await worker.call('runner::stop', { pid })
    expect(await exit(worker, pid)).toEqual({ code: 3, signal: null })
  })

  test('a process that does not end holds a reload up for its stop_ms and no longer', async () => {
    const { folder, worker } = await start()
    const pid = await node(worker, STUBBORN, { stop_ms: 50 })
    await folder.logged('ready')
    expect((await worker.call('engine::plugins::reload', { name: 'runner' })).error).toBeUndefined()
    expect(isAlive(pid)).toBe(false)
    expect(await folder.logged("process 'job' ended")).toMatchObject({ signal: 'SIGKILL' })
  })

  test('all end within engine.stop_ms, whatever their stop_ms', async () => {
    const folder = new EngineFolder()
    folder.write('plugins/runner.ts', runner())
    folder.write('iii-config.yaml', `engine: { stop_ms: 300 }\nworkers:\n  - ${LISTENER}\n  - { name: runner }\n`)
    await folder.start()
    const worker = await folder.connect()
    const pid = await node(worker, STUBBORN, { stop_ms: 600_000 })
    await folder.logged('ready')
    expect((await worker.call('engine::plugins::stop', { name: 'runner' })).error).toBeUndefined()
    expect(isAlive(pid)).toBe(false)
  })

  test('they end with an engine that is closed', async () => {
    const { folder, worker } = await start()
    const pid = await run(worker, 'sleep', ['1000'])
    await folder.engine.close()
    expect(isAlive(pid)).toBe(false)
  })
})

describe('refusals', () => {
  test.each([
    [
      'a program that does not exist',
      { command: 'no-such-program' },
      /process 'no-such-program' could not be started.*ENOENT/,
    ],
    [
      'a folder that does not exist',
      { command: 'sleep', cwd: 'nowhere' },
      /could not be started: there is no folder '.*nowhere'/,
    ],
    ['no command', { args: ['x'] }, /'command' must be a text, not undefined/],
    [
      'arguments of a wrong shape',
      { command: 'sleep', args: [1] },
      /'args' of process 'sleep' must be a list of texts, not \[1\]/,
    ],
  ])('%s', async (_what, options, message) => {
    const { worker } = await start()
    expect((await worker.call('runner::start', options)).error?.message).toMatch(message)
  })

  test('the 65th process of a plugin is refused, and one may start again when one has ended', async () => {
    const { worker } = await start()
    const pids = await Promise.all(Array.from({ length: 64 }, () => run(worker, 'sleep', ['1000'])))
    expect((await worker.call('runner::start', { command: 'sleep', args: ['1'] })).error).toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('64 processes'),
    })
    await worker.call('runner::stop', { pid: pids[0] })
    await run(worker, 'sleep', ['1000'])
  })

  test('a process whose permissions lack child_process may start none, and the setting is named', async () => {
    const entry = '{ name: runner, isolation: process, permissions: { net: true } }'
    const { worker } = await start(entry)
    expect((await worker.call('runner::start', { command: 'sleep' })).error).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(/'permissions' of the entry 'runner'.*child_process: true/),
    })
  })

  test('a process whose permissions have child_process may', async () => {
    const entry = '{ name: runner, isolation: process, permissions: { net: true, child_process: true } }'
    const { worker } = await start(entry)
    expect(await exit(worker, await run(worker, 'true'))).toEqual({ code: 0, signal: null })
  })
})

describe('output', () => {
  test('goes to a file instead of the log where one is named, appended', async () => {
    const { folder, worker } = await start()
    for (const text of ['one', 'two'])
      await exit(worker, await run(worker, 'echo', [text], { logFile: 'logs/echo.log' }))
    const file = join(folder.dir, 'data/plugins/runner/logs/echo.log')
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n')
    expect(folder.log.items.filter(({ msg }) => msg === 'one')).toEqual([])
  })

  test('goes to the plugin instead of the log where it wants the lines', async () => {
    const { folder, worker } = await start()
    const pid = await node(worker, `process.stdout.write('a\\r\\nb'); console.error('c')`, { heard: true })
    await exit(worker, pid)
    const { result } = await worker.call('runner::lines')
    expect((result as string[]).toSorted()).toEqual([
      ['stderr', 'c'],
      ['stdout', 'a'],
      ['stdout', 'b'],
    ])
    expect(folder.log.items.filter(({ msg }) => msg === 'a')).toEqual([])
  })

  test('a line longer than 16 KiB is cut, and its length told', async () => {
    const { worker } = await start()
    await exit(worker, await node(worker, `console.log('x'.repeat(100000)); console.log('next')`, { heard: true }))
    expect((await worker.call('runner::lines')).result).toEqual([
      ['stdout', `${'x'.repeat(16 * 1024)} … (100000 bytes)`],
      ['stdout', 'next'],
    ])
  })

  test('lines above a thousand per second are dropped and counted', async () => {
    const { folder, worker } = await start()
    await exit(worker, await node(worker, `console.log('x\\n'.repeat(50000))`, { heard: true }))
    const { result } = await worker.call('runner::lines')
    const taken = (result as unknown[]).length
    const warnings = folder.log.items.flatMap(({ msg }) => Number(/too much: (\d+) lines dropped/.exec(msg)?.[1] ?? 0))
    expect(taken).toBeGreaterThanOrEqual(1000)
    expect(taken + warnings.reduce((sum, count) => sum + count, 0)).toBe(50_001)
  })
})
