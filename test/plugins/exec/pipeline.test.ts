// The commands of an entry, one after another, and what the last one's end leads to (spec 04 part D).
import { rmSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { inShell, urlVariables } from '../../../plugins/exec/shell.ts'
import { isAlive } from '../../support/process-alive.ts'
import { ManualClock } from '../../core/host/manual-clock.ts'
import { ExecRun, URL } from './run-exec.ts'

describe('commands', () => {
  test('run one after another, each when the one before has succeeded', async () => {
    const run = await ExecRun.start({ exec: ['sleep 0.1; echo one >> order', 'echo two >> order', 'cat order'] })
    await run.output('two')
    expect(run.outputs).toEqual(['one', 'two'])
  })

  test('are not started before workers can connect', async () => {
    const run = await ExecRun.start({ exec: ['echo started'] }, { isListening: false })
    await run.engine.call('engine::functions::list', {})
    expect(run.logs('process')).toEqual([])
    run.host.listening(URL)
    await run.output('started')
  })

  test('run in the project folder, in a shell, with the environment of the engine and the address of its listener', async () => {
    const run = await ExecRun.start({ exec: ['echo $PWD; echo $HOME | cat; echo $III_URL $III_ENGINE_URL'] })
    await run.output('ws://')
    expect(run.outputs).toEqual([run.folder, process.env['HOME'], `${URL} ${URL}`])
  })

  test('none is a list of commands, too', async () => {
    const run = await ExecRun.start({ exec: [] })
    await run.host.stop()
    expect(run.logs('process')).toEqual([])
    expect(run.problem).toBeUndefined()
  })

  test('behind one that fails are not started; the plugin runs on and says so', async () => {
    const run = await ExecRun.start({ exec: ['echo first', 'exit 3', 'echo third'] })
    const { level, message } = await run.logged('Pipeline step failed, aborting pipeline')
    expect(level).toBe('error')
    expect(message).toContain("'exit 3' failed with exit code 3")
    expect(run.outputs).toEqual(['first'])
    expect(run.problem).toBe("'exit 3' failed with exit code 3, and what follows it was not started")
  })

  test('that are no program are named, with what to do', async () => {
    const run = await ExecRun.start({ exec: ['no-such-program --x', 'true'] })
    const { message } = await run.logged('Pipeline step failed')
    expect(message).toMatch(
      /'no-such-program --x' failed with exit code 127: a program in it was not found; install it/,
    )
    expect(run.outputs.join()).toContain('no-such-program')
  })

  test('whose folder is gone can not be started, which is told', async () => {
    const run = await ExecRun.start({ exec: ['true', 'true'] }, { isListening: false })
    rmSync(run.folder, { recursive: true })
    run.host.listening(URL)
    expect((await run.logged('Pipeline step failed')).message).toMatch(/could not be started: there is no folder '.+'/)
  })
})

describe('the last command', () => {
  test('is not started again when it has ended with success', async () => {
    const clock = new ManualClock()
    const run = await ExecRun.start({ exec: ['echo done'] }, { clock })
    await run.logged("'echo done' has ended, and is not started again")
    expect(clock.waiting).toBe(0)
    expect(run.outputs).toEqual(['done'])
    expect(run.problem).toBeUndefined()
  })

  test('is not started again with max_restarts: 0, however it has ended', async () => {
    const clock = new ManualClock()
    const run = await ExecRun.start({ exec: ['exit 4'], max_restarts: 0 }, { clock })
    const { level } = await run.logged("'exit 4' failed with exit code 4, and is not started again")
    expect(level).toBe('error')
    expect(clock.waiting).toBe(0)
    expect(run.problem).toBe("'exit 4' failed with exit code 4, and is not started again")
  })

  test('alone is started again when it fails, later each time, and given up in the end', async () => {
    const clock = new ManualClock()
    const run = await ExecRun.start({ exec: ['echo once', 'echo try; exit 5'], max_restarts: 2 }, { clock })
    for (const ms of [500, 1000]) {
      await run.logged(`it is started again in ${ms} ms`)
      expect(run.problem).toBe("'echo try; exit 5' failed with exit code 5; it is started again")
      clock.move(ms - 1)
      expect(clock.waiting).toBe(1)
      clock.move(1)
    }
    await run.logged('and is not started again')
    expect(clock.waiting).toBe(0)
    expect(run.outputs).toEqual(['once', 'try', 'try', 'try'])
    expect(run.problem).toContain('is not started again')
  })

  test('is started again when a signal ends it', async () => {
    const clock = new ManualClock()
    const run = await ExecRun.start({ exec: ['echo pid $$; exec sleep 1000'] }, { clock })
    process.kill(Number((await run.output('pid ')).slice(4)), 'SIGKILL')
    expect((await run.logged('started again')).message).toContain('was ended by SIGKILL')
    clock.move(500)
    await run.output('pid ', 2)
  })

  test('is not started any more by a wait that was under way when the plugin stops', async () => {
    const clock = new ManualClock()
    const run = await ExecRun.start({ exec: ['echo try; exit 5'] }, { clock })
    await run.logged('started again in 500 ms')
    await run.host.stop()
    expect(clock.waiting).toBe(0)
    expect(run.outputs).toEqual(['try'])
  })
})

describe('what a command writes', () => {
  test('is logged line by line, with the command', async () => {
    const run = await ExecRun.start({ exec: ['echo out; echo err >&2'] })
    await run.logged('has ended')
    const lines = run.host.log.lines.filter(({ message }) => message === 'out' || message === 'err')
    expect(lines.map(({ data }) => data)).toEqual(
      expect.arrayContaining([
        { process: 'echo out; echo err >&2', stream: 'stdout' },
        { process: 'echo out; echo err >&2', stream: 'stderr' },
      ]),
    )
  })

  test('without an end of the line is cut, and its length told', async () => {
    const source = `process.stdout.write('x'.repeat(5e6)); setTimeout(() => console.log(' and the rest'), 50)`
    const run = await ExecRun.start({ exec: ['node big.cjs'] }, { files: { 'big.cjs': source } })
    expect(await run.output('xxx')).toMatch(/^x{16384} … \(5000013 bytes\)$/)
  })

  test('is read as UTF-8 wherever its parts are cut', async () => {
    const source = `const bytes = [...Buffer.from('grün 漢字 🙂\\n')]
const next = () => bytes.length > 0 && process.stdout.write(Buffer.from([bytes.shift()]), () => setImmediate(next))
next()`
    const run = await ExecRun.start({ exec: ['node bytes.cjs'] }, { files: { 'bytes.cjs': source } })
    expect(await run.output('gr')).toBe('grün 漢字 🙂')
  })
})

describe('the end of the plugin', () => {
  test('ends a step that is no last one, and starts none after it', async () => {
    const run = await ExecRun.start({ exec: ['echo pid $$; exec sleep 1000', 'echo second'] })
    const pid = Number((await run.output('pid ')).slice(4))
    await run.host.stop()
    expect(isAlive(pid)).toBe(false)
    expect(run.outputs.join()).not.toContain('second')
    expect(run.logs('Pipeline step failed')).toEqual([])
  })

  test('ends what a command has started', async () => {
    const run = await ExecRun.start({ exec: ['sh -c "sleep 1000 & echo child \\$!; wait" & wait'] })
    const child = Number((await run.output('child ')).slice(6))
    expect(isAlive(child)).toBe(true)
    await run.host.stop()
    await expect.poll(() => isAlive(child)).toBe(false)
  })

  test('lets a command end by itself', async () => {
    const source = `process.on('SIGTERM', () => { console.log('bye'); process.exit(0) }); setInterval(() => {}, 1e6); console.log('ready')`
    const run = await ExecRun.start({ exec: ['node polite.cjs'] }, { files: { 'polite.cjs': source } })
    await run.output('ready')
    await run.host.stop()
    expect(run.outputs).toEqual(['ready', 'bye'])
  })

  test('kills a command that ignores SIGTERM', async () => {
    const source = `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1e6); console.log('pid ' + process.pid)`
    const run = await ExecRun.start({ exec: ['exec node stubborn.cjs'] }, { files: { 'stubborn.cjs': source } })
    const pid = Number((await run.output('pid ')).slice(4))
    await run.host.stop()
    expect(isAlive(pid)).toBe(false)
    expect(run.outputs).toContain('no')
  })
})

describe('a shell', () => {
  test.each([
    ['linux', { command: 'sh', args: ['-c', 'a && b'] }],
    ['win32', { command: 'cmd', args: ['/C', 'a && b'] }],
  ] as const)('on %s', (platform, expected) => {
    expect(inShell('a && b', platform)).toEqual(expected)
  })
})

describe('the variables with the address', () => {
  test('stay as they are where they are set', () => {
    expect(urlVariables(URL, {})).toEqual({ III_URL: URL, III_ENGINE_URL: URL })
    expect(urlVariables(URL, { III_URL: 'ws://elsewhere' })).toEqual({ III_ENGINE_URL: URL })
    expect(urlVariables(URL, { III_URL: '', III_ENGINE_URL: 'ws://elsewhere' })).toEqual({ III_URL: URL })
  })

  test('with another address lead to a new start', async () => {
    const run = await ExecRun.start({ exec: ['echo at $III_URL; exec sleep 1000'] })
    await run.output(`at ${URL}`)
    run.host.listening('ws://127.0.0.1:5')
    await run.output('at ws://127.0.0.1:5')
    run.host.listening('ws://127.0.0.1:5')
    await run.host.stop()
    expect(run.outputs).toHaveLength(2)
  })

  test('that are set lead to none', async () => {
    vi.stubEnv('III_URL', 'ws://elsewhere')
    vi.stubEnv('III_ENGINE_URL', 'ws://elsewhere')
    const run = await ExecRun.start({ exec: ['echo at $III_URL; exec sleep 1000'] })
    await run.output('at ws://elsewhere')
    run.host.listening('ws://127.0.0.1:5')
    await run.host.stop()
    expect(run.outputs).toHaveLength(1)
  })
})
