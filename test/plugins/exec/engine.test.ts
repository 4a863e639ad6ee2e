// `iii-exec` in a whole engine: when its commands are started, what they are given, and that none is left behind.
import { describe, expect, onTestFinished, test } from 'vitest'
import { LISTENER } from '../../core/engine/running-engine.ts'
import { engineFolder } from '../../support/engine-process.ts'
import { isAlive } from '../../support/process-alive.ts'
import { unusedPort } from '../../support/unused-port.ts'
import { exec, ExecFolder } from './exec-folder.ts'

/** Connects to the engine that its environment names, without a second try. */
const CONNECTS = `const socket = new WebSocket(process.env.III_URL)
socket.onopen = () => console.log('connected to ' + process.env.III_URL)
socket.onerror = () => console.log('not connected')`

/** Says who it is, and runs. */
const SERVES = 'echo pid $$; exec sleep 1000'

describe('a command', () => {
  test('is started when workers can connect, and finds the engine by III_URL', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: ['node worker.mjs'] }))
    folder.write('worker.mjs', CONNECTS)
    await folder.start()
    expect(await folder.output('connected')).toMatchObject({ msg: `connected to ${folder.url()}`, plugin: 'iii-exec' })
  })

  test('is found by its class of old files', async () => {
    const folder = new ExecFolder()
    folder.write(
      'iii-config.yaml',
      `modules:
  - class: modules::worker::WorkerModule
    config: { port: 0 }
  - class: modules::shell::ExecModule
    config:
      exec:
        - echo here is $III_ENGINE_URL
`,
    )
    await folder.start()
    expect(await folder.output('here is')).toMatchObject({ msg: `here is ${folder.url()}`, plugin: 'iii-exec' })
  })

  test('ends with the engine', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: [SERVES] }))
    await folder.start()
    const pid = await folder.pid()
    expect(isAlive(pid)).toBe(true)
    await folder.engine.close()
    expect(isAlive(pid)).toBe(false)
  })

  test('ends with an engine that is killed, and so does what it has started', async () => {
    const folder = await engineFolder(
      `  - name: iii-exec\n    config: { exec: ['sleep 1000 & echo child $!; echo at $III_URL; echo parent $$; wait'] }\n`,
    )
    onTestFinished(() => folder.remove())
    // An address that is set already stays.
    const engine = await folder.start({ env: { III_URL: 'ws://elsewhere' } })
    await engine.waitForOutput(/parent \d+/)
    const pids = [...engine.output().matchAll(/(?:parent|child) (\d+)/g)].map(([, pid]) => Number(pid))
    expect(pids).toHaveLength(2)
    expect(pids.every(isAlive)).toBe(true)
    expect(engine.output()).toContain('at ws://elsewhere')
    await engine.kill()
    await expect.poll(() => pids.some(isAlive)).toBe(false)
  })

  test('runs anew when the plugin crashes', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: [SERVES] }, { isolation: 'process' }))
    await folder.start()
    const pid = await folder.pid()
    const { thread } = (await folder.engine.call('engine::plugins::info', { name: 'iii-exec' })) as { thread: number }
    process.kill(thread, 'SIGKILL')
    const next = await folder.pid(2)
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(isAlive(next)).toBe(true)
  })

  test('runs anew with another generation of the plugin, and never beside the one before', async () => {
    const folder = new ExecFolder()
    // Who finds the folder there is not alone.
    const alone = `process.on('SIGTERM', () => { require('fs').rmdirSync('lock'); process.exit() })
require('fs').mkdirSync('lock')
setInterval(() => {}, 1e6)
console.log('pid ' + process.pid)`
    folder.write('alone.cjs', alone)
    folder.configure(LISTENER, exec({ exec: ['exec node alone.cjs'] }))
    await folder.start()
    const pid = await folder.pid()
    await folder.engine.call('engine::plugins::reload', { name: 'iii-exec' })
    expect(isAlive(pid)).toBe(false)
    expect(isAlive(await folder.pid(2))).toBe(true)
    expect(folder.outputs().map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^pid/),
      expect.stringMatching(/^pid/),
    ])
  })
})

describe('several entries', () => {
  const one = { exec: ['echo one; exec sleep 1000'] }
  const two = { exec: ['echo two; exec sleep 1000'] }

  test('run side by side, told apart in the log; a changed one is run anew alone', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec(one), exec(two))
    await folder.start()
    expect(await folder.output('one')).toMatchObject({ plugin: 'iii-exec' })
    expect(await folder.output('two')).toMatchObject({ plugin: 'iii-exec#1' })

    folder.configure(LISTENER, exec(one), exec({ exec: ['echo other; exec sleep 1000'] }))
    expect(await folder.output('other')).toMatchObject({ plugin: 'iii-exec#1' })
    await folder.logged('configuration reloaded')
    const ended = folder.log.items.filter(({ msg }) => /^process .* ended$/.test(msg))
    expect(ended.map(({ msg }) => msg)).toEqual(["process 'echo two; exec sleep 1000' ended"])
    expect(
      folder
        .outputs()
        .map(({ msg }) => msg)
        .toSorted(),
    ).toEqual(['one', 'other', 'two'])
  })

  test('of which one is removed: its command ends, and the other runs on', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec(one), exec({ exec: [SERVES] }))
    await folder.start()
    const pid = await folder.pid()
    await folder.output('one')
    folder.configure(LISTENER, exec(one))
    await folder.logged('configuration reloaded')
    expect(isAlive(pid)).toBe(false)
    expect(folder.log.items.filter(({ msg }) => /^process .* ended$/.test(msg))).toHaveLength(1)
  })

  test('of which one fails and is given up: health and its row say so, and the other runs', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec(one), exec({ exec: ['exit 7'], max_restarts: 0 }))
    await folder.start()
    await folder.logged("'exit 7' failed with exit code 7, and is not started again")
    const problem = "'exit 7' failed with exit code 7, and is not started again"
    expect(await folder.engine.call('engine::health::check')).toMatchObject({
      status: 'degraded',
      components: { exec: { status: 'healthy' }, 'exec#1': { status: 'degraded', details: { error: problem } } },
    })
    const { plugins } = (await folder.engine.call('engine::plugins::list')) as { plugins: { name: string }[] }
    const healthOf = (instance: string) => plugins.find(({ name }) => name === instance)
    expect(healthOf('iii-exec')).toMatchObject({ health: { exec: { status: 'healthy' } } })
    expect(healthOf('iii-exec#1')).toMatchObject({
      state: 'running',
      health: { exec: { status: 'degraded', details: { error: problem } } },
    })
  })
})

describe('the address of the listener', () => {
  test('moves: commands that have got it from the engine are run anew with the new one', async () => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, exec({ exec: ['echo at $III_URL; exec sleep 1000'] }))
    await folder.start()
    await folder.output(`at ${folder.url()}`)
    const port = await unusedPort()
    folder.configure(
      `{ name: iii-worker-manager, config: { port: ${port} } }`,
      exec({ exec: ['echo at $III_URL; exec sleep 1000'] }),
    )
    await folder.output(`at ws://127.0.0.1:${port}`)
    expect(folder.url()).toBe(`ws://127.0.0.1:${port}`)
  })
})

describe('settings that are refused', () => {
  test.each([
    ['none', '{ name: iii-exec }', /'iii-exec'.*exec/],
    ['no commands', exec({ watch: ['src/**/*.ts'] }), /'iii-exec'.*exec/],
    ['a text in the place of a list', exec({ exec: 'node worker.js' }), /'iii-exec'.*exec.*array/],
    ['an empty command', exec({ exec: [''] }), /'iii-exec'.*exec/],
    ['an unknown key', exec({ exec: [], comand: 'x' }), /'iii-exec'.*comand/],
  ])('%s', async (_what, entry, message) => {
    const folder = new ExecFolder()
    folder.configure(LISTENER, entry)
    const error: Error = await folder.start().then(
      () => new Error('it was started'),
      (refused: Error) => refused,
    )
    expect(error.message).toMatch(message)
    expect(error.message).toContain('iii-config.yaml:3')
  })
})
